import { parentPort, workerData } from "node:worker_threads";
import type { EngineReply, EngineRequest } from "../engine-messages.js";
import { Engine } from "./engine.js";
import { resultCodes } from "./sqlite-codes.js";
import { OutOfMemory } from "./sqlite-library.js";
import { EngineError } from "./statement.js";
import { visiblePart } from "./visible-value.js";

/**
 * The thread of an engine: one database at a time, one request after the other. An unexpected error, such as a failure
 * inside the engine, ends the thread, and the main thread starts another.
 */
const module = workerData as WebAssembly.Module;
let engine: Engine | undefined;

parentPort?.on("message", (request: EngineRequest) => {
  const reply = answer(request);
  if (request.kind !== "execute" || reply.kind === "stopped" || !engine?.wrote) return parentPort?.postMessage(reply);
  const image = engine.image();
  parentPort?.postMessage({ ...reply, image }, [image.buffer]);
});

function answer(request: EngineRequest): EngineReply {
  try {
    return carryOut(request);
  } catch (error) {
    if (error instanceof OutOfMemory) return { kind: "failed", message: "out of memory" };
    if (!(error instanceof EngineError)) throw error;
    return error.code === resultCodes.interrupt ? { kind: "stopped" } : { kind: "failed", message: error.message };
  }
}

function carryOut(request: EngineRequest): EngineReply {
  if (request.kind === "open") {
    engine ??= new Engine(module, request.limits);
    engine.open(request.origin);
    return { kind: "opened" };
  }
  if (!engine) throw new Error(`The engine was asked to ${request.kind} before it was opened`);
  if (request.kind === "close") {
    engine.close();
    return { kind: "closed", clean: engine.clean };
  }
  const { sql, most, timeoutMs } = request;
  const reading = { most, timeoutMs };
  const rows =
    request.kind === "read"
      ? engine.run(sql, { ...reading, cut: (bytes) => bytes, onFull: "fail" })
      : engine.run(sql, { ...reading, cut: visiblePart, onFull: "end" });
  return { kind: "rows", rows };
}
