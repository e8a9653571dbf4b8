import { CodedError } from "@eval/protocol";
import { findController, type GivenController } from "@eval/protocol/config";

export interface ClientParameters {
  /** The task's name on the wire. */
  name: string;
  /** The controller's address. */
  address: string;
  token: string | undefined;
}

const defaultController: GivenController = { key: "controller_address", value: "http://localhost:5000/api" };

/** Reads a task client's parameters; others are ignored, as in v0.2. Throws CONFIG_INVALID. */
export function readClientParameters(parameters: Record<string, unknown>): ClientParameters {
  const { name, token } = parameters;
  const { key, value: address, conflict } = findController(parameters) ?? defaultController;
  if (conflict !== undefined) throw new CodedError("CONFIG_INVALID", `TaskClient ${name}: ${conflict}`);
  if (typeof name !== "string" || name === "" || typeof address !== "string") {
    throw new CodedError("CONFIG_INVALID", `TaskClient: name and ${key} must be strings`);
  }
  return { name, address, token: typeof token === "string" && token !== "" ? token : undefined };
}
