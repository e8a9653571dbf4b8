import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Peer, statusAndJson } from "./peer.js";
import { type OwnProcess, startWorker } from "./processes.js";
import { row } from "./rows.js";
import {
  agentStatuses,
  type Entry,
  missing,
  none,
  notDict,
  notInteger,
  notList,
  notMember,
  notText,
  sampleStatuses,
  unprocessable,
} from "./unprocessable.js";

let worker: OwnProcess;
const peers = { controller: new Peer(inject("controller")) } as Record<"controller" | "worker", Peer>;

beforeAll(async () => {
  worker = await startWorker("wrong-types", { indices: [0] });
  peers.worker = new Peer(worker.address);
});

afterAll(() => worker?.kill());

/** Positions as Python's parser gives them, observed. */
test.each([
  ["{", 1],
  ['{"a": xyz}', 6],
  ['{"a":1,}', 7],
  ['"abc', 0],
  ['{"a" 1}', 5],
  ['{"a":1 "b"}', 7],
  ["[1,]", 3],
  ["1 2", 2],
  ["nul", 0],
  ['{"a":"x\ny"}', 7],
  ["   ", 3],
  ['{"a":"\\q"}', 6],
  ["01", 1],
  ["[1", 2],
  ['{"a":', 5],
  ["{'a':1}", 1],
  ['{"a":tru}', 5],
  ['{"ü🙂": x}', 7],
])(row("V-08", "%j"), async (text, position) => {
  const { status, json } = await peers.controller.send("POST", "start_sample", { bytes: text });
  expect(status).toBe(422);
  const [entry] = (json as { detail: object[] }).detail;
  expect(entry).toMatchObject({ loc: ["body", position], type: "value_error.jsondecode" });
});

test.each<[string, object, Entry[]]>([
  ["controller start_sample", { name: [], index: 0 }, [notText("name")]],
  ["controller start_sample", { name: "n", index: [] }, [notInteger("index"), notText("index")]],
  [
    "worker start_sample",
    { index: {}, session_id: "x" },
    [notInteger("index"), notText("index"), notInteger("session_id")],
  ],
  ["controller cancel", { session_id: [] }, [notInteger("session_id")]],
  ["worker cancel", { session_id: {} }, [notInteger("session_id")]],
  ["controller interact", { session_id: 1, agent_response: 5 }, [notDict("agent_response")]],
  ["worker interact", { session_id: 1, agent_response: { content: [] } }, [notText("agent_response", "content")]],
  [
    "controller interact",
    { session_id: "x", agent_response: { status: "odd", content: {} } },
    [
      notInteger("session_id"),
      notMember(agentStatuses, "agent_response", "status"),
      notText("agent_response", "content"),
    ],
  ],
  [
    "worker interact",
    { session_id: 1, agent_response: { status: 5, content: "x" } },
    [notMember(agentStatuses, "agent_response", "status")],
  ],
  [
    "controller receive_heartbeat",
    { name: "n", address: [], concurrency: "x", indices: 5 },
    [notText("address"), notInteger("concurrency"), notList("indices")],
  ],
  [
    "controller receive_heartbeat",
    { name: "n", address: "a", concurrency: {}, indices: [1, [], null] },
    [notInteger("concurrency"), notInteger("indices", 1), notText("indices", 1), none("indices", 2)],
  ],
  ["controller calculate_overall", { name: "n", results: {} }, [notList("results")]],
  ["worker calculate_overall", { name: "n", results: [5, null] }, [notDict("results", 0), none("results", 1)]],
  [
    "worker calculate_overall",
    { name: "n", results: [{ index: [], status: "odd", history: 5 }] },
    [
      notInteger("results", 0, "index"),
      notText("results", 0, "index"),
      notMember(sampleStatuses, "results", 0, "status"),
      notList("results", 0, "history"),
    ],
  ],
  [
    "controller calculate_overall",
    { name: "n", results: [{}, { history: [{ role: "user" }, { role: "user", content: null }] }] },
    [missing("results", 1, "history", 0, "content"), none("results", 1, "history", 1, "content")],
  ],
])(row("V-09", "%s %j"), async (place, value, entries) => {
  const [which, route] = place.split(" ") as ["controller" | "worker", string];
  expect(statusAndJson(await peers[which].post(route, value))).toEqual(unprocessable(...entries));
});
