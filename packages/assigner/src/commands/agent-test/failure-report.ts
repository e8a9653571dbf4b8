import { messageOf } from "@eval/protocol";
import { agentFailureOf } from "@eval/protocol/agent";
import { exchangeOf, type HttpExchange } from "../../agents/http-exchange.js";

/**
 * Why an agent gave no answer, as text: the message and the kind of failure, then the request and the response of an HTTP
 * agent. `withStack` adds the stack for an error without request and response.
 */
export function describeAgentFailure(error: unknown, withStack: boolean): string {
  const lines = [`error: ${messageOf(error)} (${agentFailureOf(error).kind})`];
  const exchange = exchangeOf(error);
  if (exchange !== undefined) lines.push(...describe(exchange));
  if (withStack && error instanceof Error && error.stack !== undefined) lines.push(error.stack);
  return `${lines.join("\n")}\n`;
}

function describe({ request, answer }: HttpExchange): string[] {
  const sent = ["--- request", `${request.method} ${request.url}`, ...headerLines(request.headers), "", request.body];
  if (answer === undefined) return [...sent, "--- no answer"];
  return [...sent, "--- answer", String(answer.status), ...headerLines(answer.headers), "", answer.body || "(empty)"];
}

function headerLines(headers: Record<string, string>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}
