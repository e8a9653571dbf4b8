import type { AllocationCell, AllocationProblem } from "./allocation-problem.js";
import { FlowNetwork } from "./max-flow.js";
import type { Urgency } from "./urgency.js";

/** Sums of worths are exact up to this value. */
const maxWorth = 2 ** 40;

/** Nodes 0 and 1; followed by the agents and the tasks that have a cell. */
const source = 0;
const sink = 1;

/**
 * Samples by cell of `plan.order`: a maximum flow that starts from the greedy `counts`, shifted to the smaller
 * priorities, with one sample for each overdue cell that a maximum flow can serve.
 */
export function improveCounts(plan: Urgency, counts: readonly number[], problem: AllocationProblem): number[] {
  const { network, edges } = buildNetwork(plan.order, counts, problem);
  network.maximize(source, sink);
  const worths = worthOfPriorities(plan.order, problem, network.nodes);
  if (worths !== undefined) network.improve(worths);
  forceOverdue(network, edges, plan.overdue);
  return edges.map((edge) => network.flowOf(edge));
}

/** The cells' edges are added first: edge 2k is the cell `order[k]`. */
function buildNetwork(order: readonly number[], counts: readonly number[], problem: AllocationProblem) {
  const { agents, tasks } = problem;
  const cells = order.map((at) => problem.cells[at] as AllocationCell);
  let nodes = 2;
  const agentNode = new Int32Array(agents.length);
  const taskNode = new Int32Array(tasks.length);
  for (const { agent, task } of cells) {
    agentNode[agent] ||= nodes++;
    taskNode[task] ||= nodes++;
  }
  const network = new FlowNetwork(nodes, cells.length + nodes);
  const flow = new Int32Array(nodes);
  const edges = cells.map(({ agent, task, left }, at) => {
    const [from, to, count] = [agentNode[agent] as number, taskNode[task] as number, counts[at] as number];
    flow[from] = (flow[from] as number) + count;
    flow[to] = (flow[to] as number) + count;
    return network.addEdge(from, to, left, count);
  });
  agentNode.forEach((node, at) => {
    if (node > 0) network.addEdge(source, node, agents[at]?.free ?? 0, flow[node] as number);
  });
  taskNode.forEach((node, at) => {
    if (node > 0) network.addEdge(node, sink, tasks[at]?.free ?? 0, flow[node] as number);
  });
  return { network, edges };
}

/**
 * A worth for each edge such that one more sample of a priority outweighs any change to later priorities: powers of a
 * base above the number of cells on a cycle. If there are too many priorities for exact powers, the last ones count as
 * one. Undefined if all cells have the same priority.
 */
function worthOfPriorities(
  order: readonly number[],
  problem: AllocationProblem,
  nodes: number,
): Float64Array | undefined {
  const priorities = order.map((at) => problem.cells[at]?.priority ?? 0);
  const distinct = [...new Set(priorities)].sort((one, other) => one - other);
  if (distinct.length < 2) return undefined;
  const base = nodes;
  const levels = Math.min(distinct.length, Math.floor(Math.log(maxWorth) / Math.log(base)) + 1);
  const worthOf = new Map(distinct.map((priority, rank) => [priority, base ** Math.max(0, levels - 1 - rank)]));
  const worths = new Float64Array(order.length + nodes);
  priorities.forEach((priority, at) => {
    worths[at] = worthOf.get(priority) ?? 0;
  });
  return worths;
}

/** Forces one sample for each of the first `overdue` cells, if it fits in addition to those before it. */
function forceOverdue(network: FlowNetwork, edges: readonly number[], overdue: number): void {
  if (overdue === 0) return;
  const total = edges.reduce((sum, edge) => sum + network.flowOf(edge), 0);
  const kept = new Set<number>();
  for (const edge of edges.slice(0, overdue)) {
    // Every sample is already on a kept cell: no search could succeed.
    if (kept.size === total) return;
    if (network.flowOf(edge) > 0 || network.force(edge, kept)) kept.add(edge);
  }
}
