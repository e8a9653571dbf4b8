import { silentLogger } from "@eval/protocol/logger";
import { waitFor } from "@eval/protocol/testing";
import { expect, it } from "vitest";
import { LeaseKeeper } from "./lease-keeper.js";

const patience = { endWithinMs: 5_000, answerWithinMs: 5_000, lookEveryMs: 1 };

/** A controller that answers from a script, the last answer repeatedly; undefined: it is unreachable. */
function scripted(...script: (number | undefined)[]) {
  const asked: { owner: string; leaseS: number }[] = [];
  const renew = async (owner: string, leaseS: number) => {
    const answer = script[Math.min(asked.length, script.length - 1)];
    asked.push({ owner, leaseS });
    if (answer === undefined) throw new Error("connection refused");
    return answer;
  };
  return { asked, client: { address: "http://controller/api", renew } };
}

it("assumes that a controller that does not answer may still have sessions", async () => {
  const { asked, client } = scripted(undefined, undefined, 2, 1, 0);
  const keeper = new LeaseKeeper([client], 60, silentLogger, patience);
  await keeper.during(async () => {
    await keeper.giveUp("run/1");
    expect(asked).toHaveLength(5);
  });
});

it("does not wait for an answer that is not needed", async () => {
  const { asked, client } = scripted(undefined);
  const keeper = new LeaseKeeper([client], 60, silentLogger, patience);
  await keeper.giveUp("before the run");
  await keeper.during(() => keeper.giveUp("of no use", AbortSignal.abort()));
  expect(asked.filter(({ owner }) => owner === "before the run").length).toBeLessThanOrEqual(3);
});

it("gives up again the sessions that a former owner's late start may have left", async () => {
  const { asked, client } = scripted(0);
  const keeper = new LeaseKeeper([client], 0.6, silentLogger, patience);
  await keeper.during(async () => {
    await keeper.giveUp("run/1");
    await waitFor(() => asked.length >= 2, { what: "another renewal" });
  });
  expect(asked.every(({ owner, leaseS }) => owner === "run/1" && leaseS < 0.01)).toBe(true);
});

it("keeps the sessions of an owner that came back", async () => {
  const { asked, client } = scripted(0);
  const keeper = new LeaseKeeper([client], 0.03, silentLogger, patience);
  await keeper.during(async () => {
    await keeper.giveUp("run/1");
    keeper.letBe("run/1");
    keeper.keep("run/2");
    await waitFor(() => asked.filter(({ owner }) => owner === "run/2").length >= 3, { what: "more renewals" });
  });
  expect(asked.filter(({ owner }) => owner === "run/1")).toHaveLength(1);
});
