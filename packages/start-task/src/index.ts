export type { Role } from "./find-bin.js";
export type { LaunchEvent, ProcessInfo } from "./launch-event.js";
export { defaultLimits, type StartLimits, type StartTaskOptions } from "./options.js";
export type { RunningTasks } from "./running-tasks.js";
export { startTask } from "./start-task.js";
export type { StartOption } from "./task-counts.js";
