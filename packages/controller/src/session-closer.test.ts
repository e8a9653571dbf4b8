import { FakeClock } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { SessionCloser } from "./session-closer.js";
import { type SessionState, SessionTable } from "./session-table.js";
import { heartbeat } from "./testing/heartbeat.js";
import type { CancelOutcome, WorkerClients } from "./worker-client.js";
import { WorkerRegistry } from "./worker-registry.js";

const confirmed = { ended: true };

function createCloser(state: SessionState) {
  const clock = new FakeClock();
  const time = () => ({ lived: clock.now(), wall: clock.now() });
  const table = new SessionTable();
  const worker = new WorkerRegistry().candidate(heartbeat(), [], time());
  const record = table.open({ id: 1, task: "echo", index: 0, worker, state }, time());
  /** The calls that are under way at the worker, in order; each is answered by calling it. */
  const calls: ((outcome: CancelOutcome) => void)[] = [];
  const cancel = () => new Promise<CancelOutcome>((resolve) => calls.push(resolve));
  const closer = new SessionCloser(table, { cancel } as unknown as WorkerClients, time);
  return { table, record, calls, closer };
}

test("calls for one session are shared; it holds its capacity until the worker confirms", async () => {
  const { table, record, calls, closer } = createCloser("open");
  const both = Promise.all([closer.close(record), closer.close(record)]);
  expect([calls.length, record.state, table.size]).toEqual([1, "closing", 1]);
  calls[0]?.(confirmed);
  expect([await both, table.size]).toEqual([[confirmed, confirmed], 0]);
});

test("a session that is canceled while it starts is canceled once more when the start is answered", async () => {
  const { table, record, calls, closer } = createCloser("starting");
  const first = closer.close(record);
  const second = closer.closeStarted(record);
  calls[0]?.(confirmed);
  await first;
  expect(table.size).toBe(1);
  await Promise.resolve();
  expect(calls).toHaveLength(2);
  calls[1]?.(confirmed);
  expect([await second, table.size]).toEqual([confirmed, 0]);
});

test("no request is repeated when no call is pending any more", async () => {
  const { table, record, calls, closer } = createCloser("starting");
  const first = closer.close(record);
  calls[0]?.(confirmed);
  await first;
  const second = closer.closeStarted(record);
  await Promise.resolve();
  calls[1]?.(confirmed);
  expect([await second, calls.length, table.size]).toEqual([confirmed, 2, 0]);
});
