import type { Check } from "../check.js";
import { accepted, demand } from "../expectation.js";
import { samples } from "../fake-task.js";
import type { ControllerStage } from "./stage.js";
import { gone, starts } from "./starting-checks.js";

/** As v0.2's own callers send it. */
const empty = { text: "", headers: { "content-type": "application/octet-stream" } };

/** The last: they end what others run. */
export const upkeepChecks: Check<ControllerStage>[] = [
  {
    id: "sync_all.null",
    title: "sync_all without a body is 200 null",
    run: async ({ client }) => accepted(await client.send("POST", "/sync_all", empty), null),
  },
  {
    id: "cancel_all.ends",
    title: "cancel_all is 200 null and ends every session",
    needs: [starts],
    destructive: true,
    run: async (stage) => {
      const ids = [await stage.open(samples.plain), await stage.open(samples.long)];
      accepted(await stage.client.send("POST", "/cancel_all", empty), null);
      for (const id of ids) await gone(stage, id);
      const left = ids.filter((id) => stage.main.sessions.has(id));
      demand(left.length === 0, "the worker is told to cancel them", left);
    },
  },
  ...["clean_session", "clean_worker"].map((route) => ({
    id: `${route}.null`,
    title: `${route} without a body is 200 null`,
    destructive: true,
    run: async ({ client }: ControllerStage) => accepted(await client.send("POST", `/${route}`, empty), null),
  })),
];
