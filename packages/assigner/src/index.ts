export { HttpAgent } from "./agents/http-agent.js";
export { OpenAIChatAgent } from "./agents/openai-chat-agent.js";
export type { AttemptOutcome, EndedAttempt, Grant } from "./attempt/attempt.js";
export type { ModuleDefinition } from "./attempt/module-definition.js";
export type { Overload } from "./attempt/overload.js";
export type { EvaluationEvent } from "./attempt/run-events.js";
export type { RunnerType } from "./attempt/runner-type.js";
export type { SampleLimits } from "./attempt/sample-limits.js";
export type { InlineConfig } from "./config/load-evaluation.js";
export type { CenterOptions, DispatchResult, Leases, Settlement } from "./dispatch/center-options.js";
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
export { type PlannedAssignment, type PlanReport, renderPlan } from "./plan/plan-report.js";
export { renderSummary, type SummaryRow } from "./results/summary.js";
export { evaluate } from "./run/evaluate.js";
export type { EvaluateOptions, EvaluationReport } from "./run/evaluate-options.js";
export { createProgress, type Progress } from "./run/progress/progress.js";
export { type RunParam, type RunShared, restoreRunParam, runParamOf } from "./session/run-param.js";
export { TaskClient } from "./session/task-client.js";
export type { TaskSession } from "./session/task-session.js";
