export { HttpAgent } from "./agents/http-agent.js";
export { OpenAIChatAgent } from "./agents/openai-chat-agent.js";
export type { Overload } from "./dispatch/adaptive-capacity.js";
export type { AttemptOutcome, EndedAttempt, Grant } from "./dispatch/attempt.js";
export type {
  CenterOptions,
  DispatchResult,
  Leases,
  ModuleDefinition,
  Settlement,
} from "./dispatch/center-options.js";
export { DispatchCenter } from "./dispatch/dispatch-center.js";
export { FlowCenter } from "./dispatch/flow/flow-center.js";
export { FlowRunner } from "./dispatch/flow/flow-runner.js";
export { RunnerPool, type RunnerPoolOptions } from "./dispatch/processes/runner-pool.js";
export {
  type CenterChannel,
  Runner,
  type RunnerClass,
  type RunnerDescriptor,
  type RunnerServices,
} from "./dispatch/runner.js";
export type { RunnerType } from "./dispatch/runner-type.js";
export { evaluate } from "./evaluation/evaluate.js";
export type { EvaluateOptions, EvaluationReport } from "./evaluation/evaluate-options.js";
export type { EvaluationEvent } from "./evaluation/events.js";
export type { InlineConfig } from "./evaluation/load-evaluation.js";
export { type PlannedAssignment, type PlanReport, renderPlan } from "./evaluation/plan-report.js";
export { createProgress, type Progress } from "./progress/progress.js";
export { renderSummary, type SummaryRow } from "./results/summary.js";
export { type RunParam, type RunShared, restoreRunParam, runParamOf } from "./session/run-param.js";
export type { SampleLimits } from "./session/sample-limits.js";
export { TaskClient } from "./session/task-client.js";
export type { TaskSession } from "./session/task-session.js";
