/** The definition of an agent or a task from the configuration, with environment references resolved. */
export interface ModuleDefinition {
  module: string;
  parameters: Record<string, unknown>;
}
