/** Jobs of one queue that may be active at once; beyond that a run has several. */
export const jobsOfShard = 10_000;

/** The names of what one run keeps in Redis. The braces keep them together on one node of a cluster. */
export interface RunKeys {
  prefix: string;
  /** Counts the launches of the center. */
  term: string;
  /** {@link RunState}. */
  state: string;
  /** {@link TravelingParam}. */
  param: string;
  /** Exists as long as the center lives. */
  center: string;
  /** Ids of the runner hosts, dead ones among them. */
  hosts: string;
  /** Gives every host its number. */
  seats: string;
  /** Ids of attempts whose result is there; a sorted set by the time of their end. */
  finished: string;
  /** Channel on which a host says that there is a result. No truth: only a wake-up. */
  wake: string;
  /** {@link HostEntry}; ends by itself some seconds after its host. */
  host: (id: string) => string;
  /** {@link AttemptResult}. */
  result: (attempt: string) => string;
  /** The hash of a job of BullMQ; it exists until the job is completed or taken back. */
  job: (queue: string, attempt: string) => string;
  lock: (queue: string, attempt: string) => string;
  /** What BullMQ keeps of a queue as a whole. */
  queue: (queue: string) => string[];
}

export function runKeys(run: string): RunKeys {
  const prefix = `eval:{${run}}`;
  const job = (queue: string, attempt: string) => `${prefix}:${queue}:${attempt}`;
  return {
    prefix,
    term: `${prefix}:term`,
    state: `${prefix}:state`,
    param: `${prefix}:param`,
    center: `${prefix}:center`,
    hosts: `${prefix}:hosts`,
    seats: `${prefix}:seats`,
    finished: `${prefix}:finished`,
    wake: `${prefix}:wake`,
    host: (id) => `${prefix}:host:${id}`,
    result: (attempt) => `${prefix}:result:${attempt}`,
    job,
    lock: (queue, attempt) => `${job(queue, attempt)}:lock`,
    queue: (queue) => ["meta", "wait", "active", "id", "events", "marker"].map((name) => `${prefix}:${queue}:${name}`),
  };
}

export function queueOf(shard: number): string {
  return `attempts-${shard}`;
}

/** Queues for so many attempts in flight. */
export function shardsFor(capacity: number): number {
  return Math.max(1, Math.ceil(capacity / jobsOfShard));
}
