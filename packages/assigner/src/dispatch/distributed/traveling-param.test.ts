import { silentLogger } from "@eval/protocol/logger";
import { describe, expect, test } from "vitest";
import type { ModuleDefinition } from "../../attempt/module-definition.js";
import type { CenterOptions } from "../center-options.js";
import { travelingParam } from "./traveling-param.js";

function optionsOf(agent: ModuleDefinition, resolved = agent): CenterOptions {
  return {
    agents: { mine: resolved },
    tasks: {},
    unresolved: { agents: { mine: agent }, tasks: {} },
    configDir: "/here",
    cwd: "/here",
    owner: "run/launch",
    parameters: {},
    leases: { keep: () => {}, giveUp: async () => {}, letBe: () => {} },
    clients: new Map(),
    leaseS: 60,
    waitForWorkersMs: 1_000,
    limits: { maxTurns: 3 },
    capacity: { agent: new Map(), task: new Map() },
    retry: { maxAttempts: 1, delayMs: () => 0 },
    logger: silentLogger,
    readCapacity: async () => new Map(),
    record: async () => {},
  };
}

describe("what runner hosts are sent", () => {
  test("has references to the environment, and not what they stand for", () => {
    const agent = { module: "package#Agent", parameters: { api_key: "${env:KEY}" } };
    const resolved = { module: "package#Agent", parameters: { api_key: "the key itself" } };
    const param = travelingParam(optionsOf(agent, resolved));
    expect(param.agents).toEqual({ mine: agent });
    expect(param.settings).toEqual({ leaseS: 60, waitForWorkersMs: 1_000, limits: { maxTurns: 3 } });
    expect(JSON.stringify(param)).not.toContain("the key itself");
    expect(JSON.stringify(param)).not.toContain("/here");
  });

  test("has no secret that is written out: the error names the key and the remedy", () => {
    const agent = { module: "package#Agent", parameters: { headers: { Authorization: "Bearer abc" } } };
    expect(() => travelingParam(optionsOf(agent))).toThrow(
      /^definition\.agent\.mine\.parameters\.headers\.Authorization: a secret is written out.*Write \$\{env:NAME\}/,
    );
  });
});
