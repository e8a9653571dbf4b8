import { demand, exactly, fieldsOf, integer, isObject, jsonOf, type Rule } from "./expectation.js";
import type { Reply } from "./raw-client.js";

export interface Output extends Record<string, unknown> {
  status: string;
  history: { role: string; content: string }[] | null;
}

const finalStatuses: unknown[] = [
  "completed",
  "agent context limit",
  "agent validation failed",
  "agent invalid action",
  "task limit reached",
  "unknown",
  "task error",
];

const finalStatus: Rule = ["a final status", (status) => finalStatuses.includes(status)];
const knownStatus: Rule = [
  "one of v0.2's statuses",
  (status) => status === "running" || finalStatuses.includes(status),
];

/** The reply of start_sample or interact: an id, and an output in one of its two forms. */
export function sessionReplyOf(reply: Reply, status = 200): { sessionId: number; output: Output } {
  const body = jsonOf(reply, status);
  const shaped = status === 501 && isObject(body) ? body.detail : body;
  const where = status === 501 ? `${reply.call}: detail` : reply.call;
  const { session_id, output } = fieldsOf(shaped, { session_id: integer, output: ["an object", isObject] }, where);
  return { sessionId: session_id as number, output: outputOf(output, `${where}.output`) };
}

function outputOf(value: unknown, where: string): Output {
  const any: Rule = ["there", () => true];
  const { status } = fieldsOf(value, { index: any, status: knownStatus, result: any, history: any }, where);
  const history: Rule = [
    "a list of {role: user or agent, content: a text}",
    (given) => isHistory(given, status !== "running"),
  ];
  return fieldsOf(value, { history }, where) as Output;
}

/** index and result null, and the task's message at the end. */
export function running(output: Output, where: string): void {
  fieldsOf(output, { status: exactly("running"), index: exactly(null), result: exactly(null) }, where);
  const last = output.history?.at(-1);
  demand(last?.role === "user", `${where}.history: ends with a message of the role user`, output);
}

/** A final status, and the sample's own index. */
export function finished(output: Output, index: string | number, where: string): void {
  fieldsOf(output, { status: finalStatus, index: exactly(index) }, where);
}

function isHistory(value: unknown, mayBeNull: boolean): boolean {
  if (value === null) return mayBeNull;
  return Array.isArray(value) && value.every(isMessage);
}

function isMessage(value: unknown): boolean {
  return isObject(value) && ["user", "agent"].includes(value.role as string) && typeof value.content === "string";
}
