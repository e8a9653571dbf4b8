export { type CheckControllerOptions, checkController } from "./check-controller.js";
export { type CheckWorkerOptions, checkWorker } from "./check-worker.js";
export { type CheckResult, type ConformanceReport, lineOf, summaryOf } from "./report.js";
export type { TargetOptions } from "./target.js";
