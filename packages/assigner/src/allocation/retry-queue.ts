interface Entry<T> {
  item: T;
  /** Earliest time; monotonic milliseconds. */
  due: number;
  /** The order of items with the same due time. */
  sequence: number;
}

/**
 * Items that wait to be started again: first those that were put back, the latest first; then the others, by due time.
 * Every call costs at most O(log n), amortized: an entry becomes due once. The time must not run backward.
 */
export class RetryQueue<T extends object> {
  #putBack: T[] = [];
  /** Binary min-heaps: entries that are due, and entries that are not due yet. */
  #due: Entry<T>[] = [];
  #later: Entry<T>[] = [];
  #sequence = 0;

  get size(): number {
    return this.#putBack.length + this.#due.length + this.#later.length;
  }

  /** Adds an item that is taken before all others. */
  putBack(item: T): void {
    this.#putBack.push(item);
  }

  /** Adds an item that may be taken at `due` or later. */
  add(item: T, due: number): void {
    push(this.#later, { item, due, sequence: this.#sequence++ });
  }

  /** How many items `take` could return now. */
  ready(now: number): number {
    this.#advance(now);
    return this.#putBack.length + this.#due.length;
  }

  /** When the next item becomes due; undefined if none is waiting. */
  nextDue(now: number): number | undefined {
    this.#advance(now);
    return this.#later[0]?.due;
  }

  take(now: number): T | undefined {
    this.#advance(now);
    return this.#putBack.pop() ?? pop(this.#due)?.item;
  }

  /** Takes the item with the smallest rank among those that are due. Looks at all of them. */
  takeLeast(now: number, rankOf: (item: T) => number): T | undefined {
    this.#advance(now);
    const items = [...this.#putBack, ...this.#due.map(({ item }) => item)];
    const [first, ...others] = items;
    if (first === undefined) return undefined;
    const least = others.reduce((one, other) => (rankOf(other) < rankOf(one) ? other : one), first);
    this.#putBack = this.#putBack.filter((item) => item !== least);
    // A sorted array is a heap.
    this.#due = this.#due.filter(({ item }) => item !== least).sort((one, other) => (isBefore(one, other) ? -1 : 1));
    return least;
  }

  clear(): void {
    this.#putBack = [];
    this.#due = [];
    this.#later = [];
  }

  #advance(now: number): void {
    while (this.#later.length > 0 && (this.#later[0] as Entry<T>).due <= now) {
      push(this.#due, pop(this.#later) as Entry<T>);
    }
  }
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  return one.due === other.due ? one.sequence < other.sequence : one.due < other.due;
}

function push<T>(heap: Entry<T>[], entry: Entry<T>): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(entry, heap[parent] as Entry<T>)) break;
    heap[at] = heap[parent] as Entry<T>;
    at = parent;
  }
  heap[at] = entry;
}

function pop<T>(heap: Entry<T>[]): Entry<T> | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last !== undefined && heap.length > 0) sinkFromRoot(heap, last);
  return first;
}

/** Places `entry` in a heap whose root is replaced. */
function sinkFromRoot<T>(heap: Entry<T>[], entry: Entry<T>): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && isBefore(heap[right] as Entry<T>, heap[child] as Entry<T>)) child = right;
    if (!isBefore(heap[child] as Entry<T>, entry)) break;
    heap[at] = heap[child] as Entry<T>;
    at = child;
  }
  heap[at] = entry;
}
