import type { Interact, SessionReply, TaskOutput } from "@eval/protocol";
import type { Reply } from "@eval/protocol/http-client";
import type { AgentOutput } from "@eval/protocol/task";

export interface StartOptions {
  /** `<run id>/<client instance>`, or `<run id>/<client instance>/<runner>`. */
  owner: string;
  /** Seconds that the session survives after its owner's last sign of life. */
  leaseS: number;
  /** Aborts when the session is no longer needed. */
  signal: AbortSignal;
  /**
   * The run is stopped: this aborts even the call that is the only way to learn which session to end. Default: `signal`.
   */
  stopped?: AbortSignal;
}

/** A live conversation. */
export interface TaskSession {
  readonly id: number;
  /** Sends the agent's answer; resolves with the task's next output. */
  interact(answer: AgentOutput, signal: AbortSignal): Promise<TaskOutput>;
  /** Ends the session on the other side. Never rejects; gives up after some seconds. */
  cancel(): Promise<void>;
}

export interface StartedSession {
  session: TaskSession;
  output: TaskOutput;
}

/** The part of the task's client that a session needs. */
export interface SessionClient {
  interact(request: Interact, replayable: boolean, signal: AbortSignal): Promise<Reply<SessionReply>>;
  cancel(id: number): Promise<void>;
}

/** A session at a controller. */
export class ClientSession implements TaskSession {
  #turn = 0;

  constructor(
    private readonly client: SessionClient,
    readonly id: number,
    private readonly replayable: boolean,
  ) {}

  async interact(answer: AgentOutput, signal: AbortSignal): Promise<TaskOutput> {
    this.#turn += 1;
    const request: Interact = { session_id: this.id, agent_response: answer, turn: this.#turn };
    for (;;) {
      const { value } = await this.client.interact(request, this.replayable, signal);
      if (!value.pending) return value.output;
    }
  }

  cancel(): Promise<void> {
    return this.client.cancel(this.id);
  }
}
