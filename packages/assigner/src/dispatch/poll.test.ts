import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Poll } from "./poll.js";

const everyMs = 1_000;
const soonMs = 100;

/** Calls that the test ends. */
class Calls {
  begun = 0;
  mostAtOnce = 0;
  readonly #open: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly poll = new Poll(() => this.#begin(), everyMs, soonMs);

  async end(error?: Error): Promise<void> {
    const call = this.#open.shift();
    if (error === undefined) call?.resolve();
    else call?.reject(error);
    await vi.advanceTimersByTimeAsync(0);
  }

  #begin(): Promise<void> {
    this.begun += 1;
    return new Promise((resolve, reject) => {
      this.#open.push({ resolve, reject });
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#open.length);
    });
  }
}

describe("Poll", () => {
  let calls: Calls;

  beforeEach(() => {
    vi.useFakeTimers();
    calls = new Calls();
    calls.poll.start();
  });

  afterEach(() => {
    calls.poll.stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(calls.mostAtOnce).toBe(1);
    vi.useRealTimers();
  });

  it("calls at once and in every period", async () => {
    expect(calls.begun).toBe(1);
    await calls.end();
    await vi.advanceTimersByTimeAsync(everyMs - 1);
    expect(calls.begun).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.begun).toBe(2);
  });

  it("skips a period during a call", async () => {
    await vi.advanceTimersByTimeAsync(3 * everyMs);
    await calls.end();
    expect(calls.begun).toBe(1);
    await vi.advanceTimersByTimeAsync(everyMs);
    expect(calls.begun).toBe(2);
  });

  it("calls soon on request, once for several requests", async () => {
    await calls.end();
    calls.poll.soon();
    calls.poll.soon();
    await vi.advanceTimersByTimeAsync(soonMs);
    await calls.end();
    expect(calls.begun).toBe(2);
    await vi.advanceTimersByTimeAsync(2 * soonMs);
    expect(calls.begun).toBe(2);
  });

  it("calls again right after a call during which requests came, once for several requests", async () => {
    calls.poll.soon();
    await vi.advanceTimersByTimeAsync(soonMs);
    calls.poll.soon();
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(calls.begun).toBe(1);
    await calls.end();
    expect(calls.begun).toBe(2);
    await calls.end();
    expect(calls.begun).toBe(2);
  });

  it("continues after a rejected call, and keeps pending requests", async () => {
    calls.poll.soon();
    await vi.advanceTimersByTimeAsync(soonMs);
    await calls.end(new Error("must not happen"));
    expect(calls.begun).toBe(2);
    await calls.end(new Error("must not happen"));
    await vi.advanceTimersByTimeAsync(everyMs);
    expect(calls.begun).toBe(3);
  });

  it("calls no more after a stop, despite pending requests", async () => {
    calls.poll.soon();
    await vi.advanceTimersByTimeAsync(soonMs);
    calls.poll.stop();
    calls.poll.soon();
    await calls.end();
    await vi.advanceTimersByTimeAsync(2 * everyMs);
    expect(calls.begun).toBe(1);
  });
});
