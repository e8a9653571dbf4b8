/** The definition of an agent or a task, as the configuration has it, with references to the environment resolved. */
export interface ModuleDefinition {
  module: string;
  parameters: Record<string, unknown>;
}
