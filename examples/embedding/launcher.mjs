// Starts a controller and two workers as processes, waits until the workers are registered, and stops all of them.
// Usage: node launcher.mjs
import { fileURLToPath } from "node:url";
import { createLogger } from "@eval/protocol/logger";
import { startTask } from "@eval/start-task";

const tasks = await startTask({
  config: fileURLToPath(new URL("../own-task/start_task.yaml", import.meta.url)),
  start: { arithmetic: 2 },
  controller: "http://localhost:0/api",
  autoController: true,
  basePort: 0,
  env: process.env,
  logger: createLogger({ level: "warn" }),
  logLevel: "warn",
});
try {
  await tasks.ready;
  const response = await fetch(`${tasks.controllerAddress}/list_workers?indices=0`);
  const { arithmetic } = await response.json();
  console.log(`${Object.keys(arithmetic.workers).length} workers at ${tasks.controllerAddress}`);
} finally {
  await tasks.stop();
}
