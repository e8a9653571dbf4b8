import type { Logger } from "@eval/protocol/logger";
import type { RedisLink } from "./redis-link.js";

/** A Redis that evicts keys when its memory is full loses attempts and results. */
export async function warnOfEviction(link: RedisLink, logger: Logger): Promise<void> {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await link.orBroken(link.redis.info("memory")).catch(() => ""))?.[1];
  if (policy === undefined || policy === "noeviction") return;
  logger.warn(`The Redis ${link.shown} has maxmemory-policy ${policy}, which may lose results; set it to noeviction`);
}
