import { CodedError } from "@eval/protocol";
import type { Agent } from "@eval/protocol/agent";
import {
  collectSecrets,
  type Environment,
  isMapping,
  loadConfig,
  type Mapping,
  parseWith,
  redact,
  redactError,
  resolveEnvReferences,
} from "@eval/protocol/config";
import { definitionSchema } from "../../config/evaluation-config.js";
import { makeAgent } from "../../session/run-param.js";

export interface LoadedAgent {
  name: string;
  agent: Agent;
  /** Removes the secrets of the agent's parameters from a text. */
  redact: (text: string) => string;
}

export interface LoadAgentOptions {
  /** A mapping from names to `{module, parameters}`, or an assignment file with `definition.agent`. */
  config: string;
  /** Optional if the file defines only one agent. */
  agent: string | undefined;
  cwd: string;
  env: Environment;
}

/** Builds one agent of a file. Throws CONFIG_NOT_FOUND, CONFIG_INVALID, MODULE_*, and USAGE for an unknown name. */
export async function loadAgent({ config, agent: asked, cwd, env }: LoadAgentOptions): Promise<LoadedAgent> {
  const { value, source, dir } = await loadConfig(config, { cwd, minimalExample });
  const { agents, path } = agentsOf(value);
  const name = chosen(asked, Object.keys(agents), source);
  const place = [...path, name];
  const definition = parseWith(definitionSchema, agents[name], { file: source, path: place });
  const resolved = resolveEnvReferences(definition, env, { source, path: place });
  const secrets = collectSecrets(resolved);
  const hide = (text: string) => redact(text, secrets);
  try {
    return { name, agent: await makeAgent(name, resolved, { configDir: dir, cwd }), redact: hide };
  } catch (error) {
    // The error of a module may contain anything, including its parameters.
    throw redactError(error, secrets);
  }
}

function agentsOf(value: Mapping): { agents: Mapping; path: string[] } {
  const { definition } = value;
  if (!isMapping(definition) || !isMapping(definition.agent)) return { agents: namedIn(value), path: [] };
  return { agents: namedIn(definition.agent), path: ["definition", "agent"] };
}

/** The file may contain other settings next to the agents. */
function namedIn(value: Mapping): Mapping {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => isMapping(entry) && "module" in entry));
}

function chosen(asked: string | undefined, known: readonly string[], source: string): string {
  const [only] = known;
  if (asked === undefined && known.length === 1 && only !== undefined) return only;
  if (asked !== undefined && known.includes(asked)) return asked;
  const names = known.length === 0 ? `${source} defines none` : `${source} has ${known.join(", ")}`;
  throw new CodedError("USAGE", asked === undefined ? `--agent NAME: ${names}` : `unknown agent ${asked}: ${names}`);
}

const minimalExample = `
my-agent:
  module: "@eval/assigner#OpenAIChatAgent"
  parameters:
    model: my-model
    api_key: \${env:OPENAI_API_KEY}
`.trimStart();
