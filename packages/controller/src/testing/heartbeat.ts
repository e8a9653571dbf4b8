import type { WholeHeartbeat } from "@eval/protocol";

/** A heartbeat of one of our workers. */
export function heartbeat(changes: Partial<WholeHeartbeat> = {}): WholeHeartbeat {
  const address = "http://localhost:5001/api";
  return { name: "echo", address, concurrency: 4, indices: [0, 1, 2], incarnation: "one", ...changes };
}
