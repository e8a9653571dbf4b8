import { messageOf } from "@eval/protocol";
import { type ConfigProblems, type Environment, isMapping, resolveEnvReferences } from "@eval/protocol/config";
import { parseModuleReference } from "@eval/protocol/module-loader";
import { z } from "zod";
import type { StartConfig } from "./start-config.js";

const definitionSchema = z.looseObject({
  module: z.string().min(1),
  docker: z.looseObject({ image: z.string().min(1).nullish(), command: z.string().nullish() }).nullish(),
});

export interface DockerSettings {
  image: string;
  /** Shell text before the worker's command line; as in v0.2, a statement must end with `;`. */
  command: string;
}

/** A task that is about to be started. */
export interface TaskDefinition {
  name: string;
  /** Only set if `docker.image` is set. */
  docker?: DockerSettings;
  /** The npm package of its module; undefined if that is a file. */
  package?: string;
  /** Environment variables that its definition refers to: a container is given these. */
  environment: string[];
}

/** Finds a task and checks the settings that start-task needs; undefined, with problems reported, if it is invalid. */
export function readDefinition(
  name: string,
  config: StartConfig,
  env: Environment,
  problems: ConfigProblems,
): TaskDefinition | undefined {
  const found = Object.hasOwn(config.definition, name) ? config.definition[name] : undefined;
  if (!isMapping(found)) {
    const known = Object.keys(config.definition).filter((key) => isMapping(config.definition[key]));
    const list = known.length === 0 ? "it defines none" : `it defines ${known.join(", ")}`;
    problems.add([], `task ${name} is not defined: ${list}`);
    return undefined;
  }
  const resolved = attempt(problems, [name], () => resolveEnvReferences(found, env));
  const parsed = resolved && problems.parse(definitionSchema, resolved, { path: ["definition", name] });
  const module = parsed && attempt(problems, [name, "module"], () => parseModuleReference(parsed.module));
  if (!parsed || !module) return undefined;
  const { image, command } = parsed.docker ?? {};
  return {
    name,
    environment: environmentNames(found),
    ...(image && { docker: { image, command: command ?? "" } }),
    ...(!module.isPath && { package: packageName(module.module) }),
  };
}

function attempt<Value>(problems: ConfigProblems, path: string[], read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    problems.add(["definition", ...path], messageOf(error));
    return undefined;
  }
}

function packageName(module: string): string {
  return module
    .split("/")
    .slice(0, module.startsWith("@") ? 2 : 1)
    .join("/");
}

function environmentNames(definition: unknown): string[] {
  const references = JSON.stringify(definition).matchAll(/\$\{env:([A-Za-z_]\w*)/g);
  return [...new Set([...references].map(([, name]) => name as string))];
}
