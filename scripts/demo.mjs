// The demonstration that `npm start` runs: starts a controller and workers on free ports, evaluates the two agents that need
// no model on the bundled data set (and a model, if OPENAI_API_KEY or OPENAI_BASE_URL is set), prints a table, and stops
// everything.
import { fileURLToPath } from "node:url";
import { createProgress, evaluate, renderSummary } from "@eval/assigner";
import { loadConfig } from "@eval/protocol/config";
import { createLogger } from "@eval/protocol/logger";
import { startTask } from "@eval/start-task";

const root = fileURLToPath(new URL("..", import.meta.url));
const logger = createLogger({ level: "warn", format: "pretty", label: "demo" });
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupt.abort());

const withModel = Boolean(process.env.OPENAI_API_KEY || process.env.OPENAI_BASE_URL);
const assignments = `configs/assignments/${withModel ? "openai-chat" : "default"}.yaml`;

console.log("Starting a controller and 2 workers of dbbench-mini on free ports ...");
const tasks = await startTask({
  config: "configs/start_task.yaml",
  controller: "http://localhost:0/api",
  autoController: true,
  basePort: 0,
  cwd: root,
  env: process.env,
  logger,
  logLevel: "warn",
  logFormat: "pretty",
  signal: interrupt.signal,
});
const progress = createProgress(process.stderr);
try {
  await tasks.ready;
  const { value, dir } = await loadConfig(assignments, { cwd: root });
  for (const task of Object.values(value.definition.task)) {
    task.parameters.controller_address = tasks.controllerAddress;
  }
  const report = await evaluate(
    { value, dir },
    { cwd: root, env: process.env, logger, signal: interrupt.signal, onEvent: announce },
  );
  progress.stop();
  console.log(renderSummary(report.rows));
  console.log(`Outcome: ${report.outcome}. Results: ${report.output}`);
  process.exitCode = report.outcome === "complete" ? 0 : 1;
} finally {
  progress.stop();
  await tasks.stop();
}

function announce(event) {
  if (event.type === "planned") {
    const samples = event.cells.reduce((sum, { total }) => sum + total, 0);
    console.log(`Evaluating: ${event.cells.map(({ agent }) => agent).join(", ")}; ${samples} samples in total ...`);
  }
  progress.onEvent(event);
}
