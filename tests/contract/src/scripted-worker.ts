import { randomUUID } from "node:crypto";
import { Peer, type Reply } from "./peer.js";
import { RecordingServer, type Script } from "./recording-server.js";

export interface Turn {
  session_id: number;
  agent_response: unknown;
}

/**
 * A worker as v0.2 has it, in front of a controller of ours: each sample asks one question, and completes with the
 * answer as its result.
 */
export class ScriptedWorker extends RecordingServer {
  /** A task of its own, unless given, so that tests can share a controller. */
  readonly task: string;
  /** Session id -> index, as it reports them. */
  readonly sessions = new Map<number, unknown>();

  private constructor(task: string, script: Record<string, Script>) {
    super(script);
    this.task = task;
  }

  /** Listens; does not register. */
  static async start(task = `task-${randomUUID()}`): Promise<ScriptedWorker> {
    const worker: ScriptedWorker = new ScriptedWorker(task, {
      "GET /api/get_sessions": () => ok(Object.fromEntries(worker.sessions)),
      "GET /api/get_indices": () => ok([0, 1, "two"]),
      "GET /api/worker_status": () => ok({ concurrency: 2, current: worker.sessions.size }),
      "POST /api/start_sample": ({ index, session_id }: { index: unknown; session_id: number }) => {
        worker.sessions.set(session_id, index);
        return ok(running(session_id));
      },
      "POST /api/interact": ({ session_id, agent_response }: Turn) => {
        const index = worker.sessions.get(session_id);
        if (!worker.sessions.delete(session_id)) return noSuchSession;
        const output = { index, status: "completed", result: agent_response, history: [question, said] };
        return ok({ session_id, output });
      },
      "POST /api/cancel": ({ session_id }: Turn) => {
        return worker.sessions.delete(session_id) ? ok({ session_id }) : noSuchSession;
      },
      "POST /api/cancel_all": () => {
        worker.sessions.clear();
        return ok(null);
      },
      "POST /api/calculate_overall": () => ok({ score: 1 }),
    });
    await worker.listen();
    return worker;
  }

  /** One heartbeat. */
  register(controller: string, changes: Record<string, unknown> = {}): Promise<Reply> {
    const heartbeat = { name: this.task, address: this.address, concurrency: 2, indices: [0, 1, "two"] };
    return new Peer(controller).post("receive_heartbeat", { ...heartbeat, ...changes });
  }
}

export const question = { role: "user", content: "question" };
export const said = { role: "agent", content: "answer" };

export function ok(json: unknown) {
  return { status: 200, json };
}

export const noSuchSession = { status: 400, json: { detail: "No such session" } };

/** The reply of a session that waits for the agent. */
export function running(session_id: number) {
  return { session_id, output: { index: null, status: "running", result: null, history: [question] } };
}
