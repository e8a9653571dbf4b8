/** The `Authorization` that a URL's `user:password@` stands for. */
export function basicCredentials(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  return `Basic ${Buffer.from(`${decoded(url.username)}:${decoded(url.password)}`).toString("base64")}`;
}

/** The address as it may be sent and shown: without credentials and fragment. */
export function withoutCredentials(url: URL): URL {
  const plain = new URL(url.href);
  plain.username = "";
  plain.password = "";
  plain.hash = "";
  return plain;
}

/** A part of a URL without its percent signs; as it is where they are no encoding. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
