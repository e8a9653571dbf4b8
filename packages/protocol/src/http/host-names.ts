import { hostname } from "node:os";

/** Names by which peers may address a server that listens on `host`, in addition to the configured ones. */
export function ownHostNames(host: string, allowed: readonly string[] = []): string[] {
  return [host, hostname(), ...allowed];
}
