import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";

test("analyze compares the results of several runs", async ({ stage }) => {
  const module = `${fixture("paced-agent.mjs")}#PacedAgent`;
  const cluster = await Cluster.start(stage, {
    agents: { plain: { module, concurrency: 4 }, other: { module, concurrency: 4 } },
    tasks: {
      virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples: 4 }, concurrency: 4 },
      "os-like": { module: "@eval/tasks#VirtualTask", parameters: { samples: 2 }, concurrency: 4 },
    },
  });
  const run = cluster.assign();
  expect(await run.ends(), run.report).toEqual({ code: 0, signal: null });

  const saved = stage.path("saved");
  const flags = ["-c", cluster.files.assignments, "-o", stage.folder, "-s", saved, "-t", "1h"];
  const analysis = stage.start("assigner", ["analyze", ...flags]);
  expect(await analysis.ends(), analysis.report).toEqual({ code: 0, signal: null });

  expect(analysis.stderr).toBe("");
  expect(readFileSync(`${saved}/summary.csv`, "utf8")).toBe("Agent\\Task,os-like,virtual\nplain,1,1\nother,1,1\n");
  const names = "Completed,Context Limit Exceeded,Invalid Format,Invalid Action,Task Limit Exceeded";
  expect(readFileSync(`${saved}/agent_validation.csv`, "utf8")).toBe(
    `Agent\\Validation,${names}\nplain,1,0,0,0,0\nother,1,0,0,0,0\n`,
  );
  expect(readFileSync(`${saved}/task_validation.csv`, "utf8")).toBe(
    `Task\\Validation,${names}\nos-like,1,0,0,0,0\nvirtual,1,0,0,0,0\n`,
  );
  const { details } = JSON.parse(readFileSync(`${saved}/result.json`, "utf8"));
  expect(details.plain.virtual).toMatchObject({
    file: `${cluster.files.output}/plain/virtual/overall.json`,
    overall: { total: 4, custom: { metric: "completed_share" } },
  });
  expect(analysis.stdout).toContain(`Written: ${saved}/summary.csv\n`);
});
