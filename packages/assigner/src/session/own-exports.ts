import { loadExport, type ModuleSearch, parseModuleReference } from "@eval/protocol/module-loader";

/** The exports of this package that configurations use. Each one loads much faster than the whole package. */
const own: Readonly<Record<string, () => Promise<unknown>>> = {
  TaskClient: async () => (await import("./task-client.js")).TaskClient,
  HttpAgent: async () => (await import("../agents/http-agent.js")).HttpAgent,
  OpenAIChatAgent: async () => (await import("../agents/openai-chat-agent.js")).OpenAIChatAgent,
};

/** Like `loadExport`, but loads exports of this package from this copy of it, and nothing else of it. */
export async function loadOwnOrOther(reference: string, search: ModuleSearch): Promise<unknown> {
  const { module, exportName } = parseModuleReference(reference);
  if (module !== "@eval/assigner" || !Object.hasOwn(own, exportName)) return loadExport(reference, search);
  return own[exportName]?.();
}
