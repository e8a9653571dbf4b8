import type { RedisLink } from "./redis/redis-link.js";
import { queueOf, type RunKeys } from "./run-keys.js";

/** An attempt whose lock this host has. */
export interface HeldLock {
  id: string;
  shard: number;
  /** What stands in the lock, and nowhere else. */
  token: string;
}

/** Of a job's hash: the center takes the attempt from whoever has it. */
export const revokedField = "revoked";

/** So many locks are renewed in one request. */
const batch = 500;

/**
 * A job is given out once. So a lock that has ended while its job is still there may be taken anew by the host that had
 * it: nobody else has been given the attempt. Answers with the numbers of the locks that are lost.
 */
const renewScript = `
local lost = {}
for at = 2, #ARGV do
  local lock, job = KEYS[2 * at - 3], KEYS[2 * at - 2]
  local holder = redis.call("GET", lock)
  local isOurs = not holder or holder == ARGV[at]
  if isOurs and redis.call("EXISTS", job) == 1 and redis.call("HEXISTS", job, "${revokedField}") == 0 then
    redis.call("SET", lock, ARGV[at], "PX", ARGV[1])
  else
    table.insert(lost, at - 2)
  end
end
return lost
`;

/** Renews locks for so many milliseconds; resolves with the ids of those that are lost. May be repeated. */
export async function renewLocks(
  link: RedisLink,
  keys: RunKeys,
  held: readonly HeldLock[],
  lockMs: number,
): Promise<string[]> {
  const lost: string[] = [];
  for (let from = 0; from < held.length; from += batch) {
    const some = held.slice(from, from + batch);
    const names = some.flatMap(({ id, shard }) => [keys.lock(queueOf(shard), id), keys.job(queueOf(shard), id)]);
    const tokens = some.map(({ token }) => token);
    const numbers = await link.redis.eval(renewScript, names.length, ...names, String(lockMs), ...tokens);
    lost.push(...(numbers as number[]).map((number) => (some[number] as HeldLock).id));
  }
  return lost;
}
