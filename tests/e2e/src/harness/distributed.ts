import { existsSync, readFileSync } from "node:fs";
import { waitFor } from "@eval/protocol/testing";
import { Cluster } from "./cluster.js";
import { deadlineMs } from "./deadline.js";
import { Gate } from "./gate.js";
import { CellFolder } from "./journal.js";
import type { OwnedProcess } from "./owned-process.js";
import { RedisServer, type RedisServerOptions } from "./redis-server.js";
import { fixture } from "./repository.js";
import type { Stage } from "./stage.js";

export interface DistributedOptions {
  samples: number;
  /** Of the agent. */
  delayMs: number;
  /** Of the agent, over all hosts. */
  concurrency: number;
  redis?: RedisServerOptions;
  /** What the worker itself would carry out at once; default `concurrency`. */
  workerConcurrency?: number;
  /** Seconds; default 3, the least. */
  lock?: number;
  /** A question that ends the process that is asked it. */
  deadly?: string;
  /** A question that blocks the thread of the process that is asked it. */
  blocking?: string;
  /** True: the gate is closed from the beginning. */
  isGated?: boolean;
}

/** One stretch of one sample on one host; without an end where its process did not come to it. */
export interface Stretch {
  sample: string;
  pid: number;
  from: number;
  to: number | undefined;
}

export const runName = "the-run";

/** A cluster with a Redis, an evaluation to be dispatched over it, and runner hosts. */
export class DistributedStage {
  readonly cell: CellFolder;
  readonly log: string;
  /** Of the agents on all hosts. */
  readonly gate: Gate;

  private constructor(
    private readonly stage: Stage,
    readonly cluster: Cluster,
    readonly redis: RedisServer,
    private readonly assignments: string,
  ) {
    this.cell = new CellFolder(cluster.files.output, "paced", "noting");
    this.log = stage.path("agent.log");
    this.gate = new Gate(stage);
  }

  static async start(stage: Stage, options: DistributedOptions): Promise<DistributedStage> {
    const { samples, delayMs, concurrency, workerConcurrency = concurrency, lock = 3 } = options;
    const redis = await RedisServer.start(stage, options.redis);
    const agent = { module: `${fixture("paced-agent.mjs")}#PacedAgent`, concurrency };
    const task = { module: `${fixture("noting-task.mjs")}#NotingTask`, concurrency };
    const cluster = await Cluster.start(stage, {
      agents: {
        paced: {
          ...agent,
          parameters: {
            delay_ms: delayMs,
            log: stage.path("agent.log"),
            deadly: options.deadly,
            blocking: options.blocking,
            gate: new Gate(stage).file,
          },
        },
      },
      tasks: {
        noting: { ...task, parameters: { samples, concurrency: workerConcurrency, log: stage.path("task.log") } },
      },
    });
    const assignments = stage.write("configs/distributed.yaml", {
      import: "assignments.yaml",
      runner: "distributed",
      distributed: { lock, run: runName },
    });
    const started = new DistributedStage(stage, cluster, redis, assignments);
    if (options.isGated === true) started.gate.holdFrom(0);
    return started;
  }

  /** Launches the run, into the same folder every time. */
  center(flags: readonly string[] = []): OwnedProcess {
    return this.stage.start("assigner", ["--config", this.assignments, "--redis", this.redis.url, ...flags]);
  }

  /** A host with the configuration of the run. */
  host(flags: readonly string[] = []): OwnedProcess {
    return this.bareHost(["--config", this.assignments, ...flags]);
  }

  /** A host that knows nothing but the run's name. */
  bareHost(flags: readonly string[] = []): OwnedProcess {
    const place = ["--redis", this.redis.url, "--run", runName, "--wait", "40"];
    return this.stage.start("assigner", ["runner", ...place, ...flags]);
  }

  /** A host that is started again whenever it has ended. */
  keepHosts(flags: readonly string[] = []): { stop: () => Promise<void> } {
    let isOver = false;
    let host: OwnedProcess | undefined;
    const keeping = (async () => {
      while (!isOver && !this.stage.isClosed) {
        host = this.host(flags);
        // The run as a whole, with all that is done to it, has the test's own deadline.
        await host.ends(Number.POSITIVE_INFINITY);
      }
    })();
    return {
      stop: () => {
        isOver = true;
        // One that was started after the run's end would wait for another run.
        host?.signal("SIGTERM");
        return keeping;
      },
    };
  }

  /** Resolves when so many samples were begun with. */
  async untilStarts(count: number): Promise<void> {
    await waitFor(() => this.stretches().length >= count, { what: `${count} starts`, deadlineMs });
  }

  /** Resolves when so many samples have a result. */
  async untilResults(count: number): Promise<void> {
    await waitFor(() => this.cell.count() >= count, { what: `${count} results`, deadlineMs });
  }

  /** Resolves when `condition` is true of the samples under way, less those of processes that are dead. */
  async untilRunning(
    condition: (running: readonly Stretch[]) => boolean,
    { what, dead = new Map() }: { what: string; dead?: ReadonlyMap<number, number> },
  ): Promise<void> {
    await waitFor(() => condition(this.running().filter(({ pid }) => !dead.has(pid))), { what, deadlineMs });
  }

  /** Stretches without an end. */
  running(): Stretch[] {
    return this.stretches().filter(({ to }) => to === undefined);
  }

  /** What the agents on all hosts have noted. */
  stretches(): Stretch[] {
    const stretches: Stretch[] = [];
    if (!existsSync(this.log)) return stretches;
    for (const line of readFileSync(this.log, "utf8").trimEnd().split("\n")) {
      const [sign, pid, time, ...question] = line.split(" ");
      const sample = question.join(" ");
      if (sign === "+") stretches.push({ sample, pid: Number(pid), from: Number(time), to: undefined });
      else {
        const open = stretches.find((one) => one.to === undefined && one.sample === sample && one.pid === Number(pid));
        if (open) open.to = Number(time);
      }
    }
    return stretches;
  }

  /** Samples that two processes ran at the same time. `died`: when a process was ended, by its id. */
  overlaps(died: ReadonlyMap<number, number> = new Map()): [Stretch, Stretch][] {
    const bySample = new Map<string, Stretch[]>();
    for (const one of this.stretches()) bySample.set(one.sample, [...(bySample.get(one.sample) ?? []), one]);
    const endOf = ({ pid, to }: Stretch) => to ?? died.get(pid) ?? Number.POSITIVE_INFINITY;
    return [...bySample.values()].flatMap((stretches) =>
      stretches.flatMap((one, at) =>
        stretches
          .slice(at + 1)
          .filter((other) => other.from < endOf(one) && one.from < endOf(other))
          .map((other): [Stretch, Stretch] => [one, other]),
      ),
    );
  }
}
