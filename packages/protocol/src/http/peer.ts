import type { IncomingHttpHeaders } from "node:http";
import { headerNames, parseFeatures } from "../features.js";

/** The sender of a message. A message without our headers is from a v0.2 peer. */
export interface Peer {
  features: readonly string[];
  /** Random id of the peer's process; undefined for v0.2. */
  instance: string | undefined;
}

export type HeaderMap = IncomingHttpHeaders | Record<string, string | string[] | undefined>;

export function readPeer(headers: HeaderMap): Peer {
  const instance = headers[headerNames.instance];
  if (typeof instance !== "string") return { features: [], instance: undefined };
  return { features: parseFeatures(headers[headerNames.features]), instance };
}
