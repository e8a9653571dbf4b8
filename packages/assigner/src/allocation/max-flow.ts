/** Ends a linked list of edges, and marks a node that a search has not reached. */
const NONE = -1;

/**
 * A network of integer capacities and the flow through it. Edges come in pairs: edge `e` and its reverse `e ^ 1`; the rest
 * of a capacity is the edge's residual, so pushing along `e` adds to `e ^ 1`.
 */
export class FlowNetwork {
  private readonly head: Int32Array;
  private readonly next: Int32Array;
  private readonly target: Int32Array;
  private readonly residual: Int32Array;
  private readonly arrivedBy: Int32Array;
  private readonly queue: Int32Array;
  private edges = 0;

  /** Nodes are 0 .. nodes - 1; at most `maxEdges` edges can be added. */
  constructor(
    readonly nodes: number,
    maxEdges: number,
  ) {
    this.head = new Int32Array(nodes).fill(NONE);
    this.next = new Int32Array(2 * maxEdges);
    this.target = new Int32Array(2 * maxEdges);
    this.residual = new Int32Array(2 * maxEdges);
    this.arrivedBy = new Int32Array(nodes);
    this.queue = new Int32Array(nodes);
  }

  /** Adds an edge that already carries `flow`, and returns its number: 0, 2, 4, ... in the order of the calls. */
  addEdge(from: number, to: number, capacity: number, flow: number): number {
    const edge = this.edges;
    this.edges += 2;
    this.link(edge, from, to, capacity - flow);
    this.link(edge + 1, to, from, flow);
    return edge;
  }

  flowOf(edge: number): number {
    return this.residual[edge ^ 1] as number;
  }

  /**
   * Adds flow from `source` to `sink` along shortest augmenting paths until there is none (Edmonds and Karp, 1972).
   * Returns the added flow. The total flow through an edge out of `source` or into `sink` never decreases.
   */
  maximize(source: number, sink: number): number {
    let added = 0;
    while (this.search(source, sink, NONE)) added += this.pushAlong(sink, source, Number.MAX_SAFE_INTEGER);
    return added;
  }

  /**
   * Puts one unit on `edge` without changing the total: along a cycle through it that leaves at least one unit on each
   * edge in `kept`. Returns false and changes nothing if there is no such cycle.
   */
  force(edge: number, kept: ReadonlySet<number>): boolean {
    if (this.residual[edge] === 0) return false;
    const from = this.target[edge ^ 1] as number;
    const to = this.target[edge] as number;
    if (!this.search(to, from, edge ^ 1, kept)) return false;
    this.pushAlong(from, to, 1);
    this.push(edge, 1);
    return true;
  }

  /**
   * Increases the sum of flow x worth as far as possible without changing the total, along cycles of positive worth (Klein,
   * 1967; found like negative cycles by Bellman and Ford). `worth` is per pair of edges: `worth[edge >> 1]`. Integer
   * worths whose sums over all nodes stay below 2^53 are exact.
   */
  improve(worth: Float64Array): void {
    const distance = new Float64Array(this.nodes);
    for (let node = this.positiveCycle(worth, distance); node !== NONE; node = this.positiveCycle(worth, distance)) {
      this.pushAlong(node, node, Number.MAX_SAFE_INTEGER);
    }
  }

  private link(edge: number, from: number, to: number, residual: number): void {
    this.target[edge] = to;
    this.residual[edge] = residual;
    this.next[edge] = this.head[from] as number;
    this.head[from] = edge;
  }

  private push(edge: number, amount: number): void {
    this.residual[edge] = (this.residual[edge] as number) - amount;
    this.residual[edge ^ 1] = (this.residual[edge ^ 1] as number) + amount;
  }

  /** Breadth first; stores the path in `arrivedBy`. Does not use `without`, nor take the last unit off a `kept` edge. */
  private search(from: number, to: number, without: number, kept?: ReadonlySet<number>): boolean {
    const { arrivedBy, queue, head, next, target, residual } = this;
    arrivedBy.fill(NONE);
    queue[0] = from;
    for (let read = 0, write = 1; read < write; read++) {
      const node = queue[read] as number;
      for (let edge = head[node] as number; edge !== NONE; edge = next[edge] as number) {
        const reached = target[edge] as number;
        if (residual[edge] === 0 || arrivedBy[reached] !== NONE || reached === from || edge === without) continue;
        if (kept !== undefined && residual[edge] === 1 && kept.has(edge ^ 1)) continue;
        arrivedBy[reached] = edge;
        if (reached === to) return true;
        queue[write++] = reached;
      }
    }
    return false;
  }

  /** Pushes as much as fits, at most `limit`, along the path from `start` to `end`; along a cycle if they are equal. */
  private pushAlong(end: number, start: number, limit: number): number {
    let amount = limit;
    let node = end;
    do {
      const edge = this.arrivedBy[node] as number;
      amount = Math.min(amount, this.residual[edge] as number);
      node = this.target[edge ^ 1] as number;
    } while (node !== start);
    node = end;
    do {
      const edge = this.arrivedBy[node] as number;
      this.push(edge, amount);
      node = this.target[edge ^ 1] as number;
    } while (node !== start);
    return amount;
  }

  /** A node on a cycle of positive worth, with the cycle in `arrivedBy`; NONE if there is none. */
  private positiveCycle(worth: Float64Array, distance: Float64Array): number {
    distance.fill(0);
    this.arrivedBy.fill(NONE);
    while (this.relax(worth, distance)) {
      const node = this.cycleOfArrivals();
      if (node !== NONE) return node;
    }
    return NONE;
  }

  /** A node on a cycle of `arrivedBy`, if it has one: such a cycle always has a negative cost. */
  private cycleOfArrivals(): number {
    const seenFrom = this.queue.fill(NONE);
    for (let start = 0; start < this.nodes; start++) {
      let node = start;
      while (seenFrom[node] === NONE) {
        seenFrom[node] = start;
        const edge = this.arrivedBy[node] as number;
        if (edge === NONE) break;
        node = this.target[edge ^ 1] as number;
      }
      if (seenFrom[node] === start && this.arrivedBy[node] !== NONE) return node;
    }
    return NONE;
  }

  private relax(worth: Float64Array, distance: Float64Array): boolean {
    let changed = false;
    for (let edge = 0; edge < this.edges; edge++) {
      if (this.residual[edge] === 0) continue;
      const own = worth[edge >> 1] as number;
      const to = this.target[edge] as number;
      const through = (distance[this.target[edge ^ 1] as number] as number) + ((edge & 1) === 0 ? -own : own);
      if (through >= (distance[to] as number)) continue;
      distance[to] = through;
      this.arrivedBy[to] = edge;
      changed = true;
    }
    return changed;
  }
}
