import { loadExport, type ModuleSearch, parseModuleReference } from "@eval/protocol/module-loader";

/** What configurations name of this package. By itself each loads in a fraction of the time that the whole takes. */
const own: Readonly<Record<string, () => Promise<unknown>>> = {
  TaskClient: async () => (await import("./task-client.js")).TaskClient,
  HttpAgent: async () => (await import("../agents/http-agent.js")).HttpAgent,
  OpenAIChatAgent: async () => (await import("../agents/openai-chat-agent.js")).OpenAIChatAgent,
};

/** As `loadExport`, but what is of this package is taken from this copy of it, and nothing else of it is loaded. */
export async function loadOwnOrOther(reference: string, search: ModuleSearch): Promise<unknown> {
  const { module, exportName } = parseModuleReference(reference);
  if (module !== "@eval/assigner" || !Object.hasOwn(own, exportName)) return loadExport(reference, search);
  return own[exportName]?.();
}
