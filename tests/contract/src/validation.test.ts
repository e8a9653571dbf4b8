import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { type OwnProcess, startWorker } from "./processes.js";
import { row } from "./rows.js";
import { ScriptedWorker } from "./scripted-worker.js";
import { type Entry, missing, none, notDict, unprocessable } from "./unprocessable.js";

let worker: OwnProcess;
const peers = { controller: new Peer(inject("controller")) } as Record<"controller" | "worker", Peer>;

beforeAll(async () => {
  worker = await startWorker("validation", { indices: [0] });
  peers.worker = new Peer(worker.address);
});

afterAll(() => worker?.kill());

/** A body for each route that reads one, with all its fields. */
const whole = {
  "controller start_sample": { name: "nobody", index: 0 },
  "controller interact": { session_id: 1, agent_response: { content: "x" } },
  "controller cancel": { session_id: 1 },
  "controller receive_heartbeat": { name: "n", address: "http://127.0.0.1:9/api", concurrency: 1, indices: [0] },
  "controller calculate_overall": { name: "nobody", results: [] },
  "worker sample_status": { session_id: 1 },
  "worker start_sample": { index: 0, session_id: 1 },
  "worker interact": { session_id: 1, agent_response: { content: "x" } },
  "worker cancel": { session_id: 1 },
  "worker calculate_overall": { name: "validation", results: [] },
};
type Place = keyof typeof whole;
const places = Object.keys(whole) as Place[];

const peerOf = (place: Place) => peers[place.split(" ")[0] as "controller" | "worker"];
const routeOf = (place: Place) => place.split(" ")[1] as string;
const post = (place: Place, value: unknown) => peerOf(place).post(routeOf(place), value);
const sendRaw = (place: Place, bytes: string | undefined, headers: Record<string, string> = {}) =>
  peerOf(place).send("POST", routeOf(place), { headers, ...(bytes !== undefined && { bytes }) });

describe.each(places)("POST /%s", (place) => {
  const fields = Object.keys(whole[place]);

  test(row("V-01"), async () => {
    for (const field of fields) {
      const rest = Object.fromEntries(Object.entries(whole[place]).filter(([name]) => name !== field));
      expect(statusAndJson(await post(place, rest))).toEqual(unprocessable(missing(field)));
    }
    const entries = fields.map((field) => missing(field));
    const { status, json } = await post(place, {});
    expect(status).toBe(422);
    expect((json as { detail: object[] }).detail).toHaveLength(entries.length);
    expect([status, json]).toEqual(unprocessable(...entries.sort(bySchema(json))));
  });

  test(row("V-02"), async () => {
    expect(statusAndJson(await sendRaw(place, undefined))).toEqual(unprocessable(missing()));
    expect(statusAndJson(await post(place, null))).toEqual(unprocessable(missing()));
  });

  test(row("V-03"), async () => {
    for (const value of ["text", 5, true, [1]]) {
      expect(statusAndJson(await post(place, value))).toEqual(unprocessable(notDict()));
    }
  });

  test(row("V-04"), async () => {
    const nulls = Object.fromEntries(fields.map((field) => [field, null]));
    const { status, json } = await post(place, nulls);
    expect([status, json]).toEqual(unprocessable(...fields.map((field) => none(field)).sort(bySchema(json))));
  });

  test(row("V-05"), async () => {
    const { status, json } = await sendRaw(place, '{"session_id": 1, "na');
    const [entry, ...more] = (json as { detail: Record<string, unknown>[] }).detail;
    expect([status, more]).toEqual([422, []]);
    expect(entry).toMatchObject({ loc: ["body", 18], type: "value_error.jsondecode" });
    expect(Object.keys(entry ?? {}).sort()).toEqual(["loc", "msg", "type"]);
  });

  test(row("V-06"), async () => {
    const { status } = await post(place, { ...whole[place], unknown_field: { deep: true } });
    expect([200, 400, 406]).toContain(status);
  });

  test(row("V-07"), async () => {
    for (const headers of [{}, { "content-type": "application/json; charset=utf-8" }]) {
      const { status } = await sendRaw(place, JSON.stringify(whole[place]), headers as Record<string, string>);
      expect([200, 400, 406]).toContain(status);
    }
  });
});

/** Entries come in the order of the schema's fields, which is not part of the contract. */
function bySchema(json: unknown) {
  const order = (json as { detail: { loc: unknown[] }[] }).detail.map(({ loc }) => loc[1]);
  return ([first]: Entry, [second]: Entry) => order.indexOf(first[1]) - order.indexOf(second[1]);
}

test.each(["controller interact", "worker interact"] as const)(row("V-10", "%s"), async (place) => {
  for (const agent_response of [{}, { status: "normal" }, { content: null }]) {
    const { status, json } = await post(place, { session_id: 1, agent_response });
    const [entry] = (json as { detail: { loc: unknown[] }[] }).detail;
    expect([status, entry?.loc.slice(0, 2)]).toEqual([422, ["body", "agent_response"]]);
  }
});

test(row("V-11"), async () => {
  const entry: Entry = [["query", "name"], "field required", "value_error.missing"];
  expect(statusAndJson(await peers.controller.get("get_indices"))).toEqual(unprocessable(entry));
  expect(statusAndJson(await peers.controller.get("get_indices?nam=x"))).toEqual(unprocessable(entry));
});

test.each(["controller", "worker"] as const)(row("V-12", "%s"), async (which) => {
  const notFound = [404, { detail: "Not Found" }];
  const peer = peers[which];
  expect(statusAndJson(await peer.get("nothing"))).toEqual(notFound);
  expect(statusAndJson(await peer.post("nothing", {}))).toEqual(notFound);
  const root = new Peer(peer.address.replace("/api", ""));
  expect(statusAndJson(await root.get("list_workers"))).toEqual(notFound);
  expect(statusAndJson(await root.get(""))).toEqual(notFound);
});

test.each([
  ["controller", "GET", "start_sample", "POST"],
  ["controller", "GET", "receive_heartbeat", "POST"],
  ["controller", "POST", "list_workers", "GET"],
  ["controller", "DELETE", "list_sessions", "GET"],
  ["controller", "PUT", "cancel_all", "POST"],
  ["worker", "GET", "interact", "POST"],
  ["worker", "POST", "get_indices", "GET"],
  ["worker", "PATCH", "sample_status", "POST"],
] as const)(row("V-13", "%s: %s /%s"), async (which, method, route, allow) => {
  const reply = await peers[which].send(method, route);
  expect(statusAndJson(reply)).toEqual([405, { detail: "Method Not Allowed" }]);
  expect(reply.headers.allow).toBe(allow);
});

test(row("V-14"), async () => {
  const fake = await ScriptedWorker.start("süß");
  try {
    expect(statusAndJson(await fake.register(peers.controller.address))).toEqual([200, null]);
    const bytes = Buffer.from(JSON.stringify({ name: "süß", index: 0 }), "utf8");
    expect((await peers.controller.send("POST", "start_sample", { bytes })).status).toBe(200);
    const reply = await peers.controller.get(`get_indices?name=${encodeURIComponent("süß")}`);
    expect(reply.status).toBe(200);
  } finally {
    await fake.close();
  }
});
