import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { EvaluationEvent } from "../../attempt/run-events.js";
import { formatSeconds, limitTitles } from "../../results/summary.js";
import { type Counts, ProgressState } from "./progress-state.js";

/** Shows the progress of a run. */
export interface Progress {
  onEvent(event: EvaluationEvent): void;
  /** Shows the last state and stops. */
  stop(): void;
}

type Output = NodeJS.WritableStream & { isTTY?: boolean };

/** Progress bars on a terminal; otherwise a line every few seconds. */
export function createProgress(stream: Output, now: () => number = () => performance.now()): Progress {
  return stream.isTTY === true ? new Bars(stream, now) : new Lines(stream, now);
}

/** Milliseconds between two lines. */
const lineEveryMs = 5_000;

class Lines implements Progress {
  readonly #state = new ProgressState();
  #timer: NodeJS.Timeout | undefined;
  #shown = "";

  constructor(
    private readonly stream: Output,
    private readonly now: () => number,
  ) {}

  onEvent(event: EvaluationEvent): void {
    this.#state.apply(event, this.now());
    if (event.type === "waiting") this.stream.write(`waiting for ${event.task}: ${event.why}\n`);
    if (event.type !== "planned") return;
    this.#show();
    this.#timer = setInterval(() => this.#show(), lineEveryMs);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#show();
  }

  #show(): void {
    const { total, inFlight } = this.#state;
    const { rate, eta } = describe(this.#state, total, this.now());
    const line = `${total.done}/${total.total} done, ${describeFailed(total)}, ${inFlight} in flight, ${rate}, ETA ${eta}\n`;
    if (line !== this.#shown) this.stream.write(line);
    this.#shown = line;
  }
}

class Bars implements Progress {
  readonly #state = new ProgressState();
  readonly #bars = new Map<string, SingleBar>();
  readonly #multi: MultiBar;
  #stopped = false;

  constructor(
    private readonly stream: Output,
    private readonly now: () => number,
  ) {
    const format = "{name} {bar} {value}/{total}  {rate}  ETA {left}  {failed}";
    this.#multi = new MultiBar(
      {
        format,
        stream: stream as NodeJS.WritableStream,
        hideCursor: true,
        clearOnComplete: false,
        gracefulExit: false,
        fps: 5,
      },
      Presets.shades_classic,
    );
  }

  onEvent(event: EvaluationEvent): void {
    this.#state.apply(event, this.now());
    // Written directly: the bars' own log would hold the line back until they exist.
    if (event.type === "waiting") this.stream.write(`waiting for ${event.task}: ${event.why}\n`);
    if (event.type === "planned") this.#create();
    if (event.type === "settled") this.#update(event.agent);
  }

  stop(): void {
    // A second stop would draw the bars over later output.
    if (this.#stopped) return;
    this.#stopped = true;
    for (const agent of this.#state.agents.keys()) this.#update(agent);
    this.#multi.stop();
  }

  #create(): void {
    const { total, agents } = this.#state;
    const width = Math.max(5, ...[...agents.keys()].map((name) => name.length));
    const add = (key: string, name: string, counts: Counts) => {
      const payload = { name: name.padEnd(width), ...this.#payload(counts) };
      this.#bars.set(key, this.#multi.create(counts.total, counts.done, payload));
    };
    add("", "total", total);
    for (const [name, counts] of agents) add(`/${name}`, name, counts);
  }

  #update(agent: string): void {
    const show = (key: string, counts: Counts | undefined) => {
      if (counts) this.#bars.get(key)?.update(counts.done + counts.failed, this.#payload(counts));
    };
    show("", this.#state.total);
    show(`/${agent}`, this.#state.agents.get(agent));
  }

  #payload(counts: Counts) {
    const { rate, eta } = describe(this.#state, counts, this.now());
    return { rate, left: eta, failed: describeFailed(counts) };
  }
}

/** `3 failed`, `3 failed (1 timed out, 2 turn limit)`. */
function describeFailed({ failed, failures }: Counts): string {
  const limited = Object.entries(limitTitles).flatMap(([error, title]) => {
    const count = failures[error as keyof typeof limitTitles] ?? 0;
    return count > 0 ? [`${count} ${title}`] : [];
  });
  return `${failed} failed${limited.length > 0 ? ` (${limited.join(", ")})` : ""}`;
}

function describe(state: ProgressState, counts: Counts, now: number): { rate: string; eta: string } {
  const rate = state.rate(counts, now);
  const eta = state.eta(counts, now);
  const perSecond = rate >= 10 ? rate.toFixed(0) : rate.toFixed(1);
  return { rate: `${perSecond}/s`, eta: eta === undefined ? "-" : formatSeconds(eta) };
}
