import { CodedError } from "./error.js";

/** One of v0.2's classes: what stands for it here, or what is to be done without it. */
type Counterpart = { here: string } | { kind: "agent" | "task"; without?: string };

const taskClient: Counterpart = { here: "@eval/assigner#TaskClient" };
const httpAgent: Counterpart = { here: "@eval/assigner#HttpAgent" };
const dbbench: Counterpart = { here: "@eval/tasks#DBBench" };
const task: Counterpart = { kind: "task" };

const openAiChat = `module: "@eval/assigner#OpenAIChatAgent" with its base_url and model`;

const fastChat: Counterpart = {
  kind: "agent",
  without: `It needs FastChat's Python templates. Serve the model behind an OpenAI-compatible endpoint and use ${openAiChat}`,
};

const claude: Counterpart = {
  kind: "agent",
  without: `It needs Anthropic's Python client of 2023. Use ${openAiChat}, or module: "@eval/assigner#HttpAgent" with the prompter claude`,
};

/** Every class that v0.2's files name as `module:`, under each name that Python finds it by. */
const counterparts: Readonly<Record<string, Counterpart>> = {
  "src.client.TaskClient": taskClient,
  "src.client.task.TaskClient": taskClient,
  "src.client.HTTPAgent": httpAgent,
  "src.client.agents.HTTPAgent": httpAgent,
  "src.client.agents.http_agent.HTTPAgent": httpAgent,
  "src.client.FastChatAgent": fastChat,
  "src.client.agents.FastChatAgent": fastChat,
  "src.client.agents.fastchat_client.FastChatAgent": fastChat,
  "src.client.Claude": claude,
  "src.client.agents.Claude": claude,
  "src.client.agents.claude_agent.Claude": claude,
  "src.client.agents.test_agent.CountHistoryAgent": {
    kind: "agent",
    without: "It only counts the messages, for testing a task",
  },
  "src.server.task.VirtualTask": { here: "@eval/tasks#VirtualTask" },
  "src.server.tasks.dbbench.DBBench": dbbench,
  "src.server.tasks.dbbench.task.DBBench": dbbench,
  "src.server.tasks.alfworld.ALFWorld": task,
  "src.server.tasks.alfworld.task.ALFWorld": task,
  "src.server.tasks.avalon.AvalonBench": task,
  "src.server.tasks.avalon.task.AvalonBench": task,
  "src.server.tasks.card_game.CardGame": task,
  "src.server.tasks.card_game.task.CardGame": task,
  "src.server.tasks.knowledgegraph.KnowledgeGraph": task,
  "src.server.tasks.knowledgegraph.task.KnowledgeGraph": task,
  "src.server.tasks.ltp.LateralThinkingPuzzle": task,
  "src.server.tasks.ltp.task.LateralThinkingPuzzle": task,
  "src.server.tasks.mind2web.Mind2Web": task,
  "src.server.tasks.mind2web.task.Mind2Web": task,
  "src.server.tasks.os_interaction.OSInteraction": task,
  "src.server.tasks.os_interaction.task.OSInteraction": task,
  "src.server.tasks.webshop.WebShop": task,
  "src.server.tasks.webshop_docker.WebShop": task,
};

/** How a Python module of v0.2's tree is written. */
const dottedName = /^src(\.[A-Za-z_]\w*)+$/;

/**
 * v0.2's Python names as references of ours; any other reference stays as it is. Throws MODULE_NOT_FOUND for a name
 * of v0.2 that does not exist here, with the way to provide it.
 */
export function resolveModuleAlias(reference: string): string {
  const known = Object.hasOwn(counterparts, reference) ? counterparts[reference] : undefined;
  if (known !== undefined && "here" in known) return known.here;
  if (known === undefined && !dottedName.test(reference)) return reference;
  throw new CodedError("MODULE_NOT_FOUND", describeMissing(reference, known));
}

function describeMissing(reference: string, known: { kind: "agent" | "task"; without?: string } | undefined): string {
  const kind = known?.kind ?? (/\.(client|agents?)\./.test(reference) ? "agent" : "task");
  const origin = known === undefined ? "the Python module" : `v0.2's ${kind}`;
  const without = known?.without === undefined ? "" : `${known.without}. `;
  const own = `./my-${kind}.mjs#${kind === "agent" ? "MyAgent" : "MyTask"}`;
  const elsewhere = kind === "task" ? ". A v0.2 worker can host it too, if it registers with this controller" : "";
  return `${origin} ${reference} does not exist here. ${without}Provide the ${kind} in your own file, module: ${own}, or in a package, module: "package#Export"${elsewhere}`;
}
