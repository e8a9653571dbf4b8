import type { SessionReply, WorkerList } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { deadlineMs } from "./deadline.js";

/** A controller's address, spoken to by nothing but HTTP. */
export class ControllerCalls {
  /** `address` ends with `/api`. */
  constructor(private readonly address: string) {}

  /** Waits until so many workers of the task are alive; resolves with their addresses, sorted. */
  async workers(task: string, count: number): Promise<string[]> {
    const registered = async () => {
      const list = await this.call<WorkerList>("list_workers");
      const addresses = Object.values(list[task]?.workers ?? {}).map((worker) => worker.address);
      return addresses.length === count ? addresses.sort() : undefined;
    };
    return waitFor(registered, { deadlineMs, what: `${count} workers of ${task} at ${this.address}` });
  }

  startSample(name: string, index: number | string): Promise<SessionReply> {
    return this.call("start_sample", { name, index });
  }

  interact(session_id: number, content: string): Promise<SessionReply> {
    return this.call("interact", { session_id, agent_response: { status: "normal", content } });
  }

  cancel(session_id: number): Promise<unknown> {
    return this.call("cancel", { session_id });
  }

  /** GET without a body, POST with one. */
  private async call<Reply>(route: string, body?: unknown): Promise<Reply> {
    const response = await fetch(`${this.address}/${route}`, {
      signal: AbortSignal.timeout(deadlineMs),
      ...(body !== undefined && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Reply;
  }
}
