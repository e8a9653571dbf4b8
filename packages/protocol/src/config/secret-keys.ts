/** Words that make a key secret, whatever precedes them: `db_password`, `clientSecret`, `X-Api-Key`. */
const secretEndings = [
  "authorization",
  "password",
  "passwords",
  "passwd",
  "passphrase",
  "pwd",
  "secret",
  "secrets",
  "credential",
  "credentials",
  "cookie",
  "api key",
  "apikey",
  "api keys",
  "access key",
  "private key",
  "secret key",
  "signing key",
];

/** `eos_token` and its like are vocabulary of a model, `max_token` a number: not secrets. */
const harmlessTokens =
  /^(eos|bos|pad|stop|sep|unk|mask|cls|max|min|end|start|special|image|system|user|assistant) token$/;

/** `apiKey`, `API_KEY`, `x-api-key` -> words with single spaces, lower case. */
function wordsOf(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")
    .join(" ");
}

/** True for keys whose values must not be shown or saved: authorization, api_key, token, password, secret, ... */
export function isSecretKey(key: string): boolean {
  const words = wordsOf(key);
  if (words === "token" || words.endsWith(" token")) return !harmlessTokens.test(words);
  return secretEndings.some(
    (ending) => words === ending || words.endsWith(` ${ending}`) || words === ending.replace(" ", ""),
  );
}

/** True if a whole mapping under the key is secret, as in `credentials: {user: .., key: ..}`. */
export function holdsSecretMapping(key: string): boolean {
  return /(^| )(credentials?|secrets|passwords)$/.test(wordsOf(key));
}
