import { Cluster } from "./harness/cluster.js";
import { binFile, fixture } from "./harness/repository.js";
import { test } from "./harness/stage.js";
for (let i = 0; i < 6; i++)
test(`x${i}`, async ({ stage }) => {
  const t0 = Date.now(); const t = (s: string) => console.log(s, Date.now() - t0);
    const cluster = await Cluster.start(stage, {
    agents: { one: { module: fixture("paced-agent.mjs#PacedAgent"), parameters: { delay_ms: 5 }, concurrency: 4 } },
    tasks: { virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples:200, message_bytes: 500 }, concurrency: 4 } },
  });
  t("cluster");
    const script = `ulimit -f 64; exec "$@"`;
    const argv = [process.execPath, binFile("assigner"), "--config", cluster.files.assignments];
    const run = stage.run("sh", ["-c", script, "sh", ...argv]);
    await run.ends(30_000); t("ended");
    const s = [await cluster.controller.sessions(), await cluster.controller.workers("virtual")];
    t(JSON.stringify(s));
    await cluster.controller.untilIdle("virtual"); t("idle");
    t(JSON.stringify(await cluster.controller.workers("virtual")));
    const next = cluster.assign();
    await next.ends(); t("ended");
    console.log(next.stderr);
});
