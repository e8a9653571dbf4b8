/** v0.2's categories of how samples ended, each with the statuses whose shares it sums. Source: v0.2's src/analysis.py. */
const parts: Record<string, readonly string[]> = {
  Completed: ["completed"],
  "Context Limit Exceeded": ["agent context limit"],
  "Invalid Format": ["agent validation failed"],
  "Invalid Action": ["agent invalid action"],
  "Task Limit Exceeded": ["unknown", "task error", "task limit reached"],
};

export const validationNames = Object.keys(parts);

/**
 * How an agent's samples ended, in v0.2's categories, from the `validation` of an overall.json; undefined if it contains no
 * known status. Both spellings of v0.2's history are accepted: `task error` and `TASK_ERROR`.
 */
export function validationOf(overall: Record<string, unknown>): Record<string, number> | undefined {
  const { validation } = overall;
  if (typeof validation !== "object" || validation === null) return undefined;
  const shares = new Map(Object.entries(validation).map(([status, share]) => [spelled(status), share]));
  const shareOf = (status: string) => {
    const share = shares.get(status);
    return typeof share === "number" ? share : 0;
  };
  const known = Object.values(parts).flat();
  if (!known.some((status) => typeof shares.get(status) === "number")) return undefined;
  const sum = (statuses: readonly string[]) => statuses.reduce((total, status) => total + shareOf(status), 0);
  return Object.fromEntries(Object.entries(parts).map(([name, statuses]) => [name, sum(statuses)]));
}

function spelled(status: string): string {
  return status.toLowerCase().replaceAll("_", " ");
}
