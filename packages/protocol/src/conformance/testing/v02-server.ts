import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** How v0.2's framework reads a field: it makes numbers of texts where it can. */
export type Field = "str" | "int" | "index" | "list" | "agent";

export type Body = Record<string, unknown>;
/** A status, and what is sent as JSON; nothing: the server never answers. */
export type Answer = [status: number, value: unknown, headers?: Record<string, string>];

export interface Route {
  method: "GET" | "POST";
  /** Of the body, or of the query of a GET. */
  fields?: Record<string, Field>;
  handle(body: Body): Answer | Promise<Answer>;
}

/** Breaks one thing of an implementation: gets what it would answer, and answers in its place. */
export type Tamper = (path: string, answer: Answer, body: string) => Answer | string | "hang";

const missing = (...loc: unknown[]) => ({ loc, msg: "field required", type: "value_error.missing" });
const wrong = (...loc: unknown[]) => ({ loc, msg: "value is not valid", type: "type_error" });

/** A server in the manner of v0.2's framework, with Node's built-ins alone. Resolves with its address. */
export async function startV02Server(routes: Record<string, Route>, tamper: Tamper = (_, answer) => answer) {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const path = new URL(request.url ?? "", "http://localhost").pathname.replace(/^\/api/, "");
    const answer = tamper(path, await answerOf(routes[path], request, text), text);
    if (answer === "hang") return;
    const [status, value, headers = {}] = typeof answer === "string" ? [200, undefined] : answer;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof answer === "string" ? answer : JSON.stringify(value));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
}

async function answerOf(route: Route | undefined, request: IncomingMessage, text: string): Promise<Answer> {
  if (route === undefined) return [404, { detail: "Not Found" }];
  if (request.method !== route.method) return [405, { detail: "Method Not Allowed" }, { allow: route.method }];
  const { fields = {} } = route;
  if (route.method === "GET") {
    const query = Object.fromEntries(new URL(request.url ?? "", "http://localhost").searchParams);
    const absent = Object.keys(fields).filter((name) => !(name in query));
    return absent.length > 0 ? [422, { detail: absent.map((name) => missing("query", name)) }] : route.handle(query);
  }
  if (Object.keys(fields).length === 0) return route.handle({});
  const read = readBody(fields, text);
  return "detail" in read ? [422, read] : route.handle(read.body);
}

function readBody(fields: Record<string, Field>, text: string): { body: Body } | { detail: unknown[] } {
  if (text === "") return { detail: [missing("body")] };
  let given: Body;
  try {
    given = JSON.parse(text);
  } catch {
    const problem = {
      loc: ["body", 1],
      msg: "Expecting value: line 1 column 2 (char 1)",
      type: "value_error.jsondecode",
    };
    return { detail: [{ ...problem, ctx: { doc: text, pos: 1, lineno: 1, colno: 2 } }] };
  }
  if (given === null || typeof given !== "object" || Array.isArray(given)) return { detail: [wrong("body")] };
  const body: Body = {};
  const detail: unknown[] = [];
  for (const [name, kind] of Object.entries(fields)) {
    if (!(name in given)) detail.push(missing("body", name));
    else {
      body[name] = read(kind, given[name]);
      if (body[name] === undefined) detail.push(wrong("body", name));
    }
  }
  return detail.length > 0 ? { detail } : { body };
}

/** The value in the form that the field has; undefined if it cannot have it. */
function read(kind: Field, value: unknown): unknown {
  if (kind === "agent") return readAgent(value as Body);
  if (kind === "list") return Array.isArray(value) ? value : undefined;
  if (kind === "str") return typeof value === "string" ? value : undefined;
  const number = /^-?\d+$/.test(String(value)) ? Number(value) : undefined;
  return kind === "int" ? number : (number ?? (typeof value === "string" ? value : undefined));
}

function readAgent({ status = "normal", content = null }: Body): unknown {
  const isKnown = ["normal", "cancelled", "agent context limit"].includes(String(status));
  return isKnown && (status !== "normal" || typeof content === "string") ? { status, content } : undefined;
}
