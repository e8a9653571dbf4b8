import type { Redis } from "ioredis";

/**
 * Lua around a script: what the script has made gets an expiry, in the same step, so that no moment is left in which a
 * killed process leaves a key for ever. The keys are those that the script names and, where it answers with the id of
 * a job, that job. A key that has an expiry keeps it.
 */
function withExpiry(lua: string, ttlMs: number): string {
  return `
local function main()
${lua}
end
local reply = main()
local function expire(key)
  if redis.call("PTTL", key) == -1 then redis.call("PEXPIRE", key, ${ttlMs}) end
end
for _, key in ipairs(KEYS) do expire(key) end
local base = KEYS[1] and string.match(KEYS[1], "^(.*:)[^:]*$")
if base and type(reply) == "string" then expire(base .. reply) end
return reply
`;
}

/** Every script that is defined on this client from now on, BullMQ's above all, makes no key without an expiry. */
export function expireWhatScriptsMake(redis: Redis, ttlMs: number): void {
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) => define(name, { ...definition, lua: withExpiry(definition.lua, ttlMs) });
}
