import { FakeClock } from "@eval/protocol/testing";
import { describe, expect, test, vi } from "vitest";
import { Fenced, LockKeeper } from "./lock-keeper.js";

/** Locks of 30 s: an attempt has to end 5 s before. */
function keeper(renew: (attempts: readonly string[]) => Promise<string[]>) {
  const clock = new FakeClock(1_000);
  return { clock, locks: new LockKeeper({ lockMs: 30_000, renew, now: clock.now }) };
}

describe("a host's locks", () => {
  test("last as long as renewals are confirmed, counted from when they were asked for", async () => {
    const { clock, locks } = keeper(async () => {
      clock.advance(3_000); // The answer took its time.
      return [];
    });
    const signal = locks.hold("one", clock.now());
    clock.advance(20_000);
    await locks.renew();
    clock.advance(21_000);
    locks.fence();
    expect(signal.aborted).toBe(false);
    clock.advance(1_001);
    locks.fence();
    expect(signal.reason).toBeInstanceOf(Fenced);
    expect(locks.reasonOf("one")).toBe(signal.reason);
  });

  test("end the attempt five seconds before they do when nobody answers", async () => {
    const { clock, locks } = keeper(() => Promise.reject(new Error("Connection is closed")));
    const signal = locks.hold("one", clock.now());
    await locks.renew();
    clock.advance(25_000);
    locks.fence();
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    locks.fence();
    expect(signal.reason).toBeInstanceOf(Fenced);
  });

  test("say whether it was the Redis that was away", async () => {
    const clock = new FakeClock(1_000);
    let isAway = false;
    const renew = () => Promise.reject(new Error("Connection is closed"));
    const locks = new LockKeeper({ lockMs: 30_000, renew, now: clock.now, isOutage: () => isAway });
    for (const away of [false, true]) {
      isAway = away;
      const signal = locks.hold("one", clock.now());
      clock.advance(25_001);
      locks.fence();
      expect(signal.reason).toMatchObject({ isOutage: away });
    }
  });

  test("end the attempt at once when they are gone, and no other", async () => {
    const { clock, locks } = keeper(async () => ["gone"]);
    const gone = locks.hold("gone", clock.now());
    const kept = locks.hold("kept", clock.now());
    await locks.renew();
    expect(gone.reason).toBeInstanceOf(Fenced);
    expect(kept.aborted).toBe(false);
  });

  test("are renewed once at a time, however long that takes", async () => {
    let asked = 0;
    let answer: (lost: string[]) => void = () => {};
    const { clock, locks } = keeper(() => {
      asked += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    locks.hold("one", clock.now());
    const first = locks.renew();
    await locks.renew();
    expect(asked).toBe(1);
    answer([]);
    await first;
    void locks.renew();
    expect(asked).toBe(2);
  });

  test("are renewed again at once when the answer came late", async () => {
    const delays = [20_000, 100, 100];
    let asked = 0;
    const { clock, locks } = keeper(async () => {
      clock.advance(delays[asked++] ?? 0);
      return [];
    });
    const signal = locks.hold("one", clock.now());
    await locks.renew();
    expect(asked).toBe(2);
    clock.advance(24_800);
    locks.fence();
    expect(signal.aborted).toBe(false);
  });

  test("are renewed anew where a renewal is wanted while another is under way", async () => {
    const answers: { fail: (error: Error) => void; confirm: (lost: string[]) => void }[] = [];
    const { locks } = keeper(() => new Promise((confirm, fail) => answers.push({ confirm, fail })));
    locks.hold("one", 1_000);
    const renewing = locks.renew();
    locks.renewAfresh();
    answers[0]?.fail(new Error("Connection is closed"));
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.confirm([]);
    await renewing;
    expect(answers).toHaveLength(2);
  });
});
