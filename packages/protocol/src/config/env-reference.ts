/** `${env:NAME}` or `${env:NAME:-fallback}`; the fallback holds no closing brace. */
export const envReference = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Anything that begins like a reference, to find the malformed ones. */
export const envReferenceStart = /\$\{env:([^}]*)(\}?)/g;
