import { hostname } from "node:os";

/** Names by which peers may address a server that listens on `host`, besides those that it was given. */
export function ownHostNames(host: string, allowed: readonly string[] = []): string[] {
  return [host, hostname(), ...allowed];
}
