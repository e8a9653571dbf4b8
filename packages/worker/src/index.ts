export { type LoadTaskOptions, loadTask } from "./load-task.js";
export { type RunningWorker, type RunWorkerOptions, runWorker } from "./run-worker.js";
export { TaskHost, type TaskHostOptions } from "./task-host.js";
