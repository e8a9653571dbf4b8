import { messageOf } from "@eval/protocol";
import type { Logger } from "@eval/protocol/logger";

/** Ends the sessions of runner hosts that are gone: once at a time for each host, however many attempts it has lost. */
export class HostSessions {
  readonly #ending = new Map<string, Promise<void>>();

  constructor(
    private readonly end: (host: string) => Promise<void>,
    private readonly logger: Logger,
  ) {}

  /** Resolves when the host's sessions have ended, or could not be ended. Never rejects. */
  endOf(host: string): Promise<void> {
    const ending =
      this.#ending.get(host) ??
      this.end(host)
        .catch((error) => this.logger.warn(`The sessions of runner host ${host} were not ended: ${messageOf(error)}`))
        .finally(() => this.#ending.delete(host));
    this.#ending.set(host, ending);
    return ending;
  }
}
