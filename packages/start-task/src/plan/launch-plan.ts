import type { ConfigProblems, Environment } from "@eval/protocol/config";
import type { StartConfig } from "./start-config.js";
import { readTaskCounts, type StartOption, type TaskCounts } from "./task-counts.js";
import { type DockerSettings, readDefinition, type TaskDefinition } from "./task-definition.js";

export interface PlannedWorker {
  task: string;
  /** 1, 2, ... among the workers of its task. */
  number: number;
  /** 0: the worker chooses. */
  port: number;
  docker?: DockerSettings;
  environment: string[];
}

export interface LaunchPlan {
  workers: PlannedWorker[];
  /** npm packages that the tasks' modules come from. */
  packages: string[];
}

export interface PlanInput {
  config: StartConfig;
  /** Overrides all of the file's `start`. */
  start?: StartOption | undefined;
  /** The first worker's port; 0: every worker chooses its own. */
  basePort: number;
  /** The controller's port, if it is on this host: no worker may use it. */
  controllerPort?: number | undefined;
  env: Environment;
}

const highestPort = 65_535;

/** Far beyond what a host can run; prevents minutes of planning after a mistyped number. */
const mostWorkers = 10_000;

/** File and flags -> processes with ports, in order. Problems are reported; the plan then contains only the valid part. */
export function planLaunch(input: PlanInput, problems: ConfigProblems): LaunchPlan {
  const { config, env } = input;
  const before = problems.size;
  const counts = readTaskCounts(input.start, config.start, problems);
  if (counts.length === 0 && problems.size === before) reportNothing(input, problems);
  const tasks = counts.flatMap(([name]) => readDefinition(name, config, env, problems) ?? []);
  checkPorts(counts, input, problems);
  const packages = tasks.flatMap((task) => (task.package === undefined ? [] : [task.package]));
  const workers = problems.size === before ? placeWorkers(counts, tasks, input.basePort) : [];
  return { workers, packages: [...new Set(packages)] };
}

function placeWorkers(counts: TaskCounts, tasks: TaskDefinition[], basePort: number): PlannedWorker[] {
  const workers: PlannedWorker[] = [];
  for (const [name, count] of counts) {
    const task = tasks.find((candidate) => candidate.name === name);
    for (let number = 1; task && number <= count; number++) {
      const port = basePort === 0 ? 0 : basePort + workers.length;
      const { environment, docker } = task;
      workers.push({ task: name, number, port, environment, ...(docker && { docker }) });
    }
  }
  return workers;
}

function checkPorts(counts: TaskCounts, { basePort, controllerPort }: PlanInput, problems: ConfigProblems): void {
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  if (total > mostWorkers)
    problems.add("--start", `${total} workers are too many: at most ${mostWorkers} are allowed`, "");
  if (basePort === 0 || total === 0) return;
  const last = basePort + total - 1;
  const range = `${total} workers from port ${basePort} on use the ports up to ${last}`;
  if (last > highestPort) problems.add("--base-port", `${range}: the highest port is ${highestPort}`, "");
  if (controllerPort !== undefined && controllerPort >= basePort && controllerPort <= last) {
    problems.add("--base-port", `${range}: the controller uses port ${controllerPort}`, "");
  }
}

function reportNothing({ config, start }: PlanInput, problems: ConfigProblems): void {
  const known = Object.keys(config.definition);
  const hint = known.length === 0 ? "it defines no tasks" : `it defines ${known.join(", ")}`;
  const where = start === undefined ? `the start section names no task` : "--start names no task";
  problems.add([], `nothing to start: ${where}; ${hint}. Use --start NAME NUM`);
}
