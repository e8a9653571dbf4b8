// Runs one sample: reads it from stdin, opens a session, answers until the task is finished, and prints the last output.
// This can be written in any language: it needs only two kinds of HTTP requests, and JSON.
import { text } from "node:stream/consumers";

const { task, index, controller, owner, lease_s, parameters } = JSON.parse(await text(process.stdin));

const start = { name: task, index, owner, lease_s };
let { session_id, output } = await post("/start_sample", start);
while (output.status === "running") {
  const agent_response = { status: "normal", content: answer(output.history.at(-1).content) };
  ({ output } = await post("/interact", { session_id, agent_response }));
}
console.log(JSON.stringify(output));

/** The agent: adds the two numbers of the question, if it is careful. */
function answer(question) {
  const [left = 0, right = 0] = question.match(/\d+/g)?.map(Number) ?? [];
  return String(parameters.careful ? left + right : 0);
}

async function post(path, body) {
  const headers = { "content-type": "application/json" };
  const reply = await fetch(controller + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`);
  return reply.json();
}
