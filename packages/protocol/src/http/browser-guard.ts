import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { CodedError } from "../error.js";
import { isLoopbackHost } from "../loopback.js";

/** Docker's name for the machine that runs the container. `.internal` is reserved: no web site can have this name. */
const dockerHost = "host.docker.internal";

/** Host headers that were accepted, remembered so that a busy peer is parsed once; bounds the memory. */
const maxRemembered = 256;

/** Sites that a browser may report for a request that was not sent by another site's page. */
const ownSites: ReadonlySet<unknown> = new Set([undefined, "same-origin", "none"]);

/**
 * Headers that a browser adds by itself and that a page cannot remove. Without Sec-Fetch-Mode, which Node's `fetch` sends
 * as well: a browser sends it only together with the others.
 */
const browserHeaders = ["origin", "referer", "sec-fetch-site", "sec-fetch-dest"] as const;

/**
 * Keeps web pages away from a server that demands no token. Every page can send requests to this machine, and by DNS
 * rebinding (a name of its own that suddenly resolves to this machine) even read the replies.
 *
 * Requests of programs pass if their Host header names this server. Requests of browsers must come from a page of the
 * server itself, and carry JSON when they have a body: a browser sends JSON to another origin only after asking.
 */
export class BrowserGuard {
  readonly #names: ReadonlySet<string>;
  readonly #remembered = new Set<string>();

  /** @param names host names of this server, without ports, in addition to loopback names and IP addresses */
  constructor(names: readonly string[]) {
    this.#names = new Set([dockerHost, ...names].map((name) => name.toLowerCase()));
  }

  /**
   * Why a request is refused: FORBIDDEN or UNSUPPORTED_MEDIA_TYPE; undefined: it is not.
   *
   * @param isTrusted whether the request carries the server's token: no page that merely rebinds a name has it
   */
  refusal({ method, headers }: IncomingMessage, isTrusted: boolean): CodedError | undefined {
    const host = headers.host ?? "";
    if (!isTrusted && !this.#isOwnHost(host)) return foreignHost(host);
    if (!browserHeaders.some((name) => headers[name] !== undefined)) return undefined;
    if (!ownSites.has(headers["sec-fetch-site"]) || !isOwnPage(headers.origin, host)) return foreignPage(headers);
    return method === "POST" && !isJson(headers["content-type"]) ? notJson() : undefined;
  }

  /** HTTP/1.0 has no Host header, and no browser speaks it. */
  #isOwnHost(host: string): boolean {
    if (host === "" || this.#remembered.has(host)) return true;
    const name = hostName(host);
    // DNS rebinding needs a name: an address in digits is the one that the browser has really connected to.
    const isOwn = isLoopbackHost(name) || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 || this.#names.has(name);
    if (isOwn && this.#remembered.size < maxRemembered) this.#remembered.add(host);
    return isOwn;
  }
}

/** Another port is another page. */
function isOwnPage(origin: string | undefined, host: string): boolean {
  if (origin === undefined) return true;
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const self = `${page.protocol}//${host}`;
  return URL.canParse(self) && new URL(self).host === page.host;
}

/** The name in a Host header, in lower case, without the port and without a final dot. Empty: it is malformed. */
function hostName(host: string): string {
  const [, name = ""] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host.toLowerCase()) ?? [];
  return name.replace(/\.$/, "");
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/(json|x-ndjson)\s*(;|$)/i.test(contentType?.trim() ?? "");
}

/** What a peer sent, fit for a message. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function foreignHost(host: string): CodedError {
  const what = `The Host header ${shown(host)} does not name this server`;
  return new CodedError("FORBIDDEN", `${what}: use its address, or start the server with --allow-host NAME`);
}

function foreignPage({ origin, referer }: IncomingHttpHeaders): CodedError {
  const page = origin ?? referer ?? "an unknown page";
  return new CodedError(
    "FORBIDDEN",
    `Requests from web pages of other sites are rejected: this one came from ${shown(page)}`,
  );
}

function notJson(): CodedError {
  return new CodedError("UNSUPPORTED_MEDIA_TYPE", "A browser must send its body as application/json");
}
