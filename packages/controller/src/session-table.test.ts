import { FakeClock } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { type OpenSession, SessionTable } from "./session-table.js";
import { heartbeat } from "./testing/heartbeat.js";
import { WorkerRegistry } from "./worker-registry.js";

const halfAnHour = 1_800_000;

function createTable() {
  const clock = new FakeClock();
  const time = () => ({ lived: clock.now(), wall: 1_000_000 + clock.now() });
  const table = new SessionTable();
  const worker = new WorkerRegistry().candidate(heartbeat(), [], time());
  let nextId = 1;
  const open = (changes: Partial<OpenSession> = {}) =>
    table.open({ id: nextId++, task: "echo", index: 0, worker, state: "open", ...changes }, time());
  const expired = () => table.expired(clock.now(), halfAnHour).map(({ id }) => id);
  return { clock, table, worker, time, open, expired };
}

test("an open session holds one unit of its worker's capacity until it is closed", () => {
  const { table, worker, open, time } = createTable();
  const session = open();
  expect([worker.sessions.size, table.size, table.get(session.id)]).toEqual([1, 1, session]);
  table.close(session, time());
  table.close(session, time());
  expect([worker.sessions.size, table.size]).toEqual([0, 0]);
});

test("a lease covers all sessions of its owner, and every start and renewal extends it", () => {
  const { table, clock, open, expired } = createTable();
  const first = open({ owner: "run/1", leaseMs: 60_000 });
  clock.advance(50_000);
  const second = open({ owner: "run/1", leaseMs: 60_000 });
  clock.advance(50_000);
  expect(expired()).toEqual([]);
  expect(table.renew("run/1", 60_000, clock.now())).toBe(2);
  clock.advance(59_999);
  expect(expired()).toEqual([]);
  clock.advance(1);
  expect(expired()).toEqual([first.id, second.id]);
});

test("a turn extends its owner's lease, and never shortens it", () => {
  const { table, clock, open, expired, time } = createTable();
  const busy = open({ owner: "run/1", leaseMs: 1_000 });
  const idle = open({ owner: "run/1", leaseMs: 60_000 });
  clock.advance(59_500);
  table.hear(busy, time());
  clock.advance(999);
  expect(expired()).toEqual([]);
  table.hear(idle, time());
  table.hear(busy, time());
  clock.advance(59_999);
  expect(expired()).toEqual([]);
  clock.advance(1);
  expect(expired()).toEqual([busy.id, idle.id]);
});

test("reading a session does not extend its lease", () => {
  const { table, clock, open, expired, time } = createTable();
  const session = open({ owner: "run/1", leaseMs: 1_000 });
  clock.advance(999);
  table.touch(session, time());
  clock.advance(1);
  expect(expired()).toEqual([session.id]);
});

test("an owner that leaves is not held back by a turn that was still on its way, but may come back", () => {
  const { table, clock, open, expired, time } = createTable();
  const session = open({ owner: "run/1", leaseMs: 60_000 });
  for (let again = 0; again < 2; again++) table.renew("run/1", 1, clock.now());
  table.hear(session, time());
  clock.advance(1);
  expect(expired()).toEqual([session.id]);
  table.renew("run/1", 60_000, clock.now());
  clock.advance(50_000);
  table.hear(session, time());
  clock.advance(59_999);
  expect(expired()).toEqual([]);
});

test("a start after the lease ran out begins a new lease", () => {
  const { clock, open, expired, table, time } = createTable();
  table.close(open({ owner: "run/1", leaseMs: 1_000 }), time());
  clock.advance(5_000);
  open({ owner: "run/1", leaseMs: 1_000 });
  expect(expired()).toEqual([]);
});

test("nothing expires while a turn is executed, or while it is starting or closing", () => {
  const { clock, open, expired } = createTable();
  const lease = { owner: "run/1", leaseMs: 1_000 };
  const busy = open(lease);
  busy.calls = 1;
  open({ ...lease, state: "starting" });
  open({ ...lease, state: "closing" });
  const idle = open(lease);
  clock.advance(1_000);
  expect(expired()).toEqual([idle.id]);
  busy.calls = 0;
  expect(expired()).toEqual([busy.id, idle.id]);
});

test.each([
  { what: "without owner and lease", fields: {} },
  { what: "with a lease but no owner to renew it", fields: { leaseMs: 1_000 } },
  { what: "with an owner but no lease", fields: { owner: "run/1" } },
])("a session $what lives for the time without a turn", ({ fields }) => {
  const { clock, table, open, expired, time } = createTable();
  const session = open(fields);
  clock.advance(halfAnHour - 1);
  table.touch(session, time());
  clock.advance(halfAnHour - 1);
  expect(expired()).toEqual([]);
  clock.advance(1);
  expect(expired()).toEqual([session.id]);
});

test("a new client instance takes over from all earlier ones of its run, and they take nothing back", () => {
  const { table, open, clock } = createTable();
  const take = (owner: string) => table.predecessorsOf(owner).map(({ id }) => id);
  expect(take("run/1")).toEqual([]);
  const first = open({ owner: "run/1", leaseMs: 1_000 });
  open({ owner: "other/1", leaseMs: 1_000 });
  expect(take("run/2")).toEqual([first.id]);
  const second = open({ owner: "run/2", leaseMs: 1_000 });
  table.renew("run/1", 1_000, clock.now());
  expect(take("run/1")).toEqual([]);
  expect(take("run/3")).toEqual([first.id, second.id]);
});

test("runners of one client instance do not affect each other, and another instance takes over from all of them", () => {
  const { table, open, clock } = createTable();
  const take = (owner: string) => table.predecessorsOf(owner).map(({ id }) => id);
  const owners = ["run/1", "run/1/1.0", "run/1/2.0"];
  const sessions = owners.map((owner) => {
    expect(take(owner)).toEqual([]);
    return open({ owner, leaseMs: 1_000 }).id;
  });
  expect(table.renew("run/1/1.0", 1_000, clock.now())).toBe(1);
  expect(take("run/2/1.0")).toEqual(sessions);
  expect(take("run/1/2.0")).toEqual([]);
  expect(take("run/2")).toEqual(sessions);
});

test("the worker of a session that ended is known for ten minutes, unless it never had the session", () => {
  const { table, worker, clock, open, time } = createTable();
  const session = open();
  const refused = open();
  table.close(session, time());
  table.discard(refused);
  expect(table.recentWorker(refused.id, clock.now())).toBeUndefined();
  clock.advance(599_999);
  expect(table.recentWorker(session.id, clock.now())).toBe(worker);
  clock.advance(1);
  expect(table.recentWorker(session.id, clock.now())).toBeUndefined();
});
