export type { Role } from "./bins/find-bin.js";
export { defaultLimits, type StartLimits, type StartTaskOptions } from "./options.js";
export type { StartOption } from "./plan/task-counts.js";
export type { LaunchEvent, ProcessInfo } from "./processes/launch-event.js";
export type { RunningTasks } from "./running-tasks.js";
export { startTask } from "./start-task.js";
