import { kindOf, type Mapping } from "./parameters.js";

/** Kind of target -> proxy. A kind is `http`, `https` or `all`, alone or followed by `://host`. */
export type Proxies = ReadonlyMap<string, URL>;

/**
 * Reads a `proxies` mapping in the format of Python's requests: `{http: address, https: address}`. The default scheme of
 * an address is `http://`; null or "" means no proxy.
 * @throws Error that names the invalid entry, without its address, which may contain a password.
 */
export function readProxies(setting: Mapping): Proxies {
  const proxies = new Map<string, URL>();
  for (const [kind, address] of Object.entries(setting)) {
    if (!/^(https?|all)(:\/\/[^/]+)?$/.test(kind)) {
      throw new Error(`'${kind}' is not one of http, https, all, http://<host>, https://<host>, all://<host>`);
    }
    if (address === null || address === "") continue;
    if (typeof address !== "string") throw new Error(`${kind} must be a string, not ${kindOf(address)}`);
    proxies.set(kind, proxyUrl(kind, address));
  }
  return proxies;
}

/** The proxy for a target: the most specific entry wins, as in requests. */
export function proxyFor(target: URL, proxies: Proxies): URL | undefined {
  const scheme = target.protocol.slice(0, -1);
  const kinds = [`${scheme}://${target.hostname}`, scheme, `all://${target.hostname}`, "all"];
  return kinds.map((kind) => proxies.get(kind)).find((proxy) => proxy !== undefined);
}

/** A URL's port as a number; the scheme's default if it has none. */
export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

/** A URL's host name in the form that sockets expect: an IPv6 address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}

function proxyUrl(kind: string, address: string): URL {
  const absolute = address.includes("://") ? address : `http://${address}`;
  const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
  if (url === undefined) throw new Error(`${kind} is not an address such as http://host:port`);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Error(`${kind} has the scheme ${url.protocol}//; only http:// and https:// proxies are supported`);
  }
  return url;
}
