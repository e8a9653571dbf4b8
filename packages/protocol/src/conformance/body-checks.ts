import { randomBytes } from "node:crypto";
import type { Check } from "./check.js";
import { demand, detailOf, integer, refused } from "./expectation.js";
import type { RawClient } from "./raw-client.js";
import { invalid, missing, wrongAt } from "./validation-reply.js";

interface Caller {
  client: RawClient;
}

/** An id that no implementation has given out, in all likelihood. */
export const unknownSession = 8_007_199_254_740_321;

const json = { "content-type": "application/json" };

/** How bodies are read and refused; the same for a controller and a worker. */
export function bodyChecks(noSuchSession: string): Check<Caller>[] {
  return [...readingChecks(noSuchSession), ...refusalChecks(noSuchSession)];
}

function readingChecks(noSuchSession: string): Check<Caller>[] {
  const text = JSON.stringify({ session_id: unknownSession });
  return [
    {
      id: "body.no-content-type",
      title: "a body without a content type is read as JSON",
      run: async ({ client }) => refused(await client.send("POST", "/cancel", { text }), 400, noSuchSession),
    },
    {
      id: "body.extra-fields",
      title: "unknown fields are ignored",
      run: async ({ client }) =>
        refused(await client.post("/cancel", { session_id: unknownSession, extra: [1] }), 400, noSuchSession),
    },
    {
      id: "body.not-json",
      title: "a body that is not JSON is 422 value_error.jsondecode with its position",
      run: notJson,
    },
    {
      id: "body.not-an-object",
      title: "a JSON body that is no object is 422",
      run: async ({ client }) => {
        invalid(await client.post("/cancel", [unknownSession]));
        missing(await client.send("POST", "/cancel", { text: "", headers: json }), ["body"]);
      },
    },
  ];
}

async function notJson({ client }: Caller): Promise<string> {
  const secret = randomBytes(8).toString("hex");
  const reply = await client.send("POST", "/cancel", { text: `{"session_id": ${secret}x`, headers: json });
  const [entry] = invalid(reply);
  const [where, position] = (entry?.loc ?? []) as unknown[];
  const isRight = entry?.type === "value_error.jsondecode" && where === "body" && integer[1](position);
  demand(isRight, `${reply.call}: 422 of type value_error.jsondecode at ["body", <position>]`, reply);
  return reply.text.includes(secret) ? "repeats the body, as v0.2" : "does not repeat the body";
}

function refusalChecks(noSuchSession: string): Check<Caller>[] {
  return [
    {
      id: "validation.wrong-type",
      title: "a session_id that is no number is 422",
      run: async ({ client }) => wrongAt(await client.post("/cancel", { session_id: "x" }), ["body", "session_id"]),
    },
    {
      id: "validation.number-as-text",
      title: "a number in a text is taken for one or refused",
      run: async ({ client }) => {
        const reply = await client.post("/cancel", { session_id: String(unknownSession) });
        if (reply.status !== 422) refused(reply, 400, noSuchSession);
        else wrongAt(reply, ["body", "session_id"]);
        return reply.status === 422 ? "refused" : "taken, as v0.2";
      },
    },
    {
      id: "validation.no-echo",
      title: "an error about a missing field does not repeat what was sent",
      run: async ({ client }) => {
        const secret = randomBytes(8).toString("hex");
        const reply = await client.post("/interact", { agent_response: { content: secret } });
        missing(reply, ["body", "session_id"]);
        demand(!reply.text.includes(secret), `${reply.call}: 422 without the content ${secret}`, detailOf(reply));
      },
    },
    {
      id: "validation.agent-status",
      title: "an agent's answer of an unknown status is 422, and so is a normal one without content",
      run: async ({ client }) => {
        const say = (agent_response: unknown) =>
          client.post("/interact", { session_id: unknownSession, agent_response });
        wrongAt(await say({ status: "bored", content: "x" }), ["body", "agent_response"]);
        wrongAt(await say({ status: "normal", content: null }), ["body", "agent_response"]);
        wrongAt(await say({}), ["body", "agent_response"]);
      },
    },
  ];
}

/** Every field that a request must have, left out. */
export function missingFields(route: string, fields: readonly string[]): Check<Caller> {
  return {
    id: `${route}.missing-fields`,
    title: `without ${fields.join(", ")} it is 422`,
    run: async ({ client }) =>
      missing(await client.post(`/${route}`, {}), ...fields.map((field) => ["body", field] as const)),
  };
}
