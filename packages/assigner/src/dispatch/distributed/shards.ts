import type { HostEntry } from "./run-records.js";

/** Queues that one host serves at most: each costs it a connection. */
const queuesOfHost = 4;

/** The queues of the host with this number; counts from 0. Together, hosts serve all queues evenly. */
export function shardsOfHost(seat: number, shards: number): number[] {
  const served = Math.min(queuesOfHost, shards);
  return Array.from({ length: served }, (_, at) => (seat * served + at) % shards);
}

/** How many slots each queue has: a host's are shared by the queues that it serves. */
export function slotsByShard(hosts: readonly HostEntry[], shards: number): number[] {
  const slots = new Array<number>(shards).fill(0);
  for (const host of hosts) {
    for (const shard of host.shards) slots[shard] = (slots[shard] ?? 0) + host.slots / host.shards.length;
  }
  return slots;
}

/** Where the next attempt goes: the queue with the least load; among queues that nobody serves, the shortest. */
export function chooseShard(slots: readonly number[], inFlight: readonly number[]): number {
  const isServed = slots.some((count) => count > 0);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  slots.forEach((count, shard) => {
    const load = isServed ? ((inFlight[shard] ?? 0) + 1) / count : (inFlight[shard] ?? 0);
    if (load < least) [best, least] = [shard, load];
  });
  return best;
}
