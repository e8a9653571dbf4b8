// A controller, a worker and an evaluation in one program. The packages export everything that their commands do.
// Usage: node in-one-process.mjs [OUTPUT_FOLDER]
import { fileURLToPath } from "node:url";
import { evaluate, renderSummary } from "@eval/assigner";
import { runController } from "@eval/controller";
import { createLogger } from "@eval/protocol/logger";
import { loadTask, runWorker } from "@eval/worker";

const logger = createLogger({ level: "warn" });
const examples = fileURLToPath(new URL("../own-task", import.meta.url));

const controller = await runController({ port: 0, logger });
const task = await loadTask({ name: "arithmetic", file: `${examples}/tasks.yaml`, env: process.env });
const worker = await runWorker({ task, port: 0, controller: controller.address, logger });
try {
  const report = await evaluate(`${examples}/assignment.yaml`, {
    env: { EVAL_CONTROLLER: controller.address },
    output: process.argv[2],
    logger,
    onEvent: (event) => {
      if (event.type === "overall") console.log(`${event.agent}: ${JSON.stringify(event.overall.custom)}`);
    },
  });
  console.log(renderSummary(report.rows));
} finally {
  await worker.stop(0);
  await controller.stop();
}
