import { readFile } from "node:fs/promises";
import { CodedError, messageOf } from "@eval/protocol";
import type { RedisOptions } from "ioredis";

/** Where a Redis is, and how its certificate is checked. */
export interface RedisAddress {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://...` for TLS. */
  url: string;
  /** Certificates (PEM) of the authority that signed the server's; default: those that Node knows. */
  caFile?: string | undefined;
}

/** The address as messages show it: without its password. Of what is no URL nothing is shown that may be one. */
export function shownAddress(url: string): string {
  if (!URL.canParse(url)) return url.includes("@") ? "(an address that cannot be read)" : url;
  return url.replace(/^([a-z]+:\/\/[^/:@]*):.*@/i, "$1:***@");
}

/** What the client is opened with. Rejects with USAGE for what is no address of a Redis. */
export async function readAddress({ url, caFile }: RedisAddress): Promise<RedisOptions> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["redis:", "rediss:"].includes(parsed.protocol) || parsed.hostname === "") {
    const form = "redis://[user:password@]host[:port][/database], or rediss:// for TLS";
    throw new CodedError("USAGE", `${shownAddress(url)} is no address of a Redis; write ${form}`);
  }
  const database = parsed.pathname.replace("/", "");
  if (!/^\d*$/.test(database)) throw new CodedError("USAGE", `${shownAddress(url)}: the database must be a number`);
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  const options: RedisOptions = { host, port: Number(parsed.port || 6379), db: Number(database) };
  if (parsed.username !== "") options.username = decodeURIComponent(parsed.username);
  if (parsed.password !== "") options.password = decodeURIComponent(parsed.password);
  if (parsed.protocol === "rediss:") options.tls = caFile === undefined ? {} : { ca: await readCertificates(caFile) };
  else if (caFile !== undefined) throw new CodedError("USAGE", "certificates are for TLS: write rediss:// before them");
  return options;
}

async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CodedError("USAGE", `the certificates ${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
