import type { SessionRecord, SessionTable, Time } from "./session-table.js";
import type { CancelOutcome, WorkerClients } from "./worker-client.js";

/** Ends sessions. Each holds its unit of capacity until its worker confirms. */
export class SessionCloser {
  readonly #running = new Map<SessionRecord, Promise<CancelOutcome>>();

  constructor(
    private readonly table: SessionTable,
    private readonly clients: WorkerClients,
    private readonly time: () => Time,
  ) {}

  /** Resolves with the worker's answer; if the worker did not confirm, the reaper retries. Calls for one session are shared. */
  close(record: SessionRecord): Promise<CancelOutcome> {
    const running = this.#running.get(record);
    if (running) return running;
    const closing = this.#close(record).finally(() => this.#running.delete(record));
    this.#running.set(record, closing);
    return closing;
  }

  /**
   * Ends a session whose start was answered while it was being canceled. A call that is still pending may have
   * reached the worker before the session did: it does not count, and another one follows.
   */
  async closeStarted(record: SessionRecord): Promise<CancelOutcome> {
    await this.#running.get(record);
    return this.close(record);
  }

  async #close(record: SessionRecord): Promise<CancelOutcome> {
    const isStarting = record.state === "starting";
    record.state = "closing";
    this.table.touch(record, this.time());
    const outcome = await this.clients.cancel(record.worker, record.id);
    // The worker may not have known the session yet: the answer to the start decides.
    if (outcome.ended && !isStarting) this.table.close(record, this.time());
    return outcome;
  }
}
