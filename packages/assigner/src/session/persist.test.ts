import { CodedError, type ErrorCode } from "@eval/protocol";
import { describe, expect, it, vi } from "vitest";
import { persist } from "./persist.js";

function failing(...codes: ErrorCode[]) {
  return vi.fn(async () => {
    const code = codes.shift();
    if (code) throw new CodedError(code, code);
    return "reply";
  });
}

const patience = { patienceMs: 10_000, signal: new AbortController().signal };
const always = () => true;

describe("persist", () => {
  it("retries while the controller is unreachable or recovering", async () => {
    const send = failing("UNREACHABLE", "RECOVERING", "TIMEOUT");
    expect(await persist(send, always, patience)).toBe("reply");
    expect(send).toHaveBeenCalledTimes(4);
  });

  it("sends no unrepeatable request twice, except after a temporary refusal", async () => {
    await expect(persist(failing("TIMEOUT"), () => false, patience)).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(await persist(failing("RECOVERING"), () => false, patience)).toBe("reply");
  });

  it("retries an unresponsive worker up to three times", async () => {
    const send = failing(...Array<ErrorCode>(9).fill("WORKER_NOT_RESPONDING"));
    await expect(persist(send, always, patience)).rejects.toMatchObject({ code: "WORKER_NOT_RESPONDING" });
    expect(send).toHaveBeenCalledTimes(3);
  });

  it("does not retry after an answer, after its patience, or after the end of the run", async () => {
    await expect(persist(failing("SESSION_NOT_FOUND"), always, patience)).rejects.toMatchObject({
      code: "SESSION_NOT_FOUND",
    });
    const impatient = { ...patience, patienceMs: -1 };
    await expect(persist(failing("UNREACHABLE"), always, impatient)).rejects.toMatchObject({ code: "UNREACHABLE" });
    const send = failing("UNREACHABLE");
    const stopped = { ...patience, signal: AbortSignal.abort() };
    await expect(persist(send, always, stopped)).rejects.toThrow();
    expect(send).toHaveBeenCalledTimes(1);
  });
});
