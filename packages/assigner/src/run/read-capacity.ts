import { messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";
import type { CapacityReading } from "../attempt/capacity-reading.js";
import { readCapacity } from "../session/controller-replies.js";
import type { TaskClient } from "../session/task-client.js";

/** Reads the free capacity of the tasks once from each controller. A controller that does not answer is omitted. */
export async function readCapacities(
  clients: ReadonlyMap<string, TaskClient>,
  tasks: readonly string[],
  signal: AbortSignal,
  logger: Logger,
): Promise<Map<string, CapacityReading>> {
  const byAddress = new Map<string, [string, TaskClient][]>();
  for (const task of tasks) {
    const client = clients.get(task) as TaskClient;
    byAddress.set(client.address, [...(byAddress.get(client.address) ?? []), [task, client]]);
  }
  const readings = new Map<string, CapacityReading>();
  const asked = [...byAddress.values()].map(async (group) => {
    const [[, anyClient]] = group as [[string, TaskClient]];
    try {
      const listed = await anyClient.listTasks(signal);
      for (const [task, client] of group) {
        readings.set(task, readCapacity(listed[client.name]));
      }
    } catch (error) {
      if (!signal.aborted) logger.debug(`Cannot read the free capacity from ${anyClient.address}: ${messageOf(error)}`);
    }
  });
  await Promise.all(asked);
  return readings;
}
