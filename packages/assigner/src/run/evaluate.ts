import { join, resolve } from "node:path";
import { redactError } from "@eval/protocol/config";
import { silentLogger } from "@eval/protocol/logger";
import { expandOutput } from "../config/evaluation-config.js";
import { type InlineConfig, loadEvaluation } from "../config/load-evaluation.js";
import { fileNames } from "../results/cell-folder.js";
import { detachJournals } from "../results/detach-journals.js";
import { writeFileDurably } from "../results/durable-files.js";
import { assertOutputFolder } from "../results/output-folder.js";
import { lockOutput } from "../results/output-lock.js";
import { RunLog } from "../results/run-log.js";
import { removeStaleTemporaries } from "../results/stale-temporaries.js";
import { checkOptions } from "./check-options.js";
import type { EvaluateOptions, EvaluationReport } from "./evaluate-options.js";
import { Launch } from "./launch.js";

const defaultLeaseS = 60;

/**
 * Runs an evaluation: loads the configuration (a file or an inline one), plans the samples that have no result in the
 * output folder, dispatches them, and writes results as they arrive. Rejects with a CodedError: USAGE, CONFIG_*, MODULE_*,
 * OUTPUT_*, UNREACHABLE, NO_WORKERS_AVAILABLE, ...
 */
export async function evaluate(
  config: string | InlineConfig,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  const { cwd = process.cwd(), env = {}, token, logger = silentLogger, leaseS = defaultLeaseS } = options;
  checkOptions(options);
  const evaluation = await loadEvaluation(config, { cwd, env, token });
  for (const warning of evaluation.warnings) logger.warn(warning);
  if (evaluation.masked.length > 0) {
    logger.warn(`Literal secrets are masked in ${fileNames.config}; use \${env:NAME} instead`, {
      at: evaluation.masked,
    });
  }
  const output = resolve(cwd, expandOutput(options.output ?? evaluation.output, new Date()));
  await assertOutputFolder(output);
  const force = options.forceUnlock ?? false;
  const lock = await lockOutput(output, { force, now: Date.now });
  const log = new RunLog(output, { now: Date.now, lock });
  try {
    await removeStaleTemporaries(output, Date.now());
    if (force) await detachJournals(output);
    await writeFileDurably(join(output, fileNames.config), evaluation.kept, log.assertHeld);
    return await new Launch(evaluation, output, log, { ...options, cwd, logger, leaseS }).run();
  } catch (error) {
    // The error of a module may contain the secrets it was given.
    throw redactError(error, evaluation.secrets);
  } finally {
    await log.close();
    await lock.release();
  }
}
