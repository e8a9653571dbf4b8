// A custom dispatch center that runs samples with a list of shell commands. Each command runs one sample at a time. Use this
// if your harness is not a JavaScript module: a harness in another language, `ssh gpu-1 ./one-sample`, or
// `docker run -i harness`.
//
// A command gets one sample on stdin as JSON ({agent, task, index, ..., controller, owner, lease_s}). It calls the
// controller itself, and prints the sample's last output as its last line. See one-sample.mjs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { DispatchCenter, Runner } from "@eval/assigner";

export class CommandCenter extends DispatchCenter {
  #commandOf = new Map();

  get #commands() {
    return this.options.parameters.commands ?? [];
  }

  /** One runner for each command. */
  initRunners() {
    return [{ module: import.meta.url, export: "CommandRunner", count: this.#commands.length }];
  }

  /** The data that each runner gets: what a command needs in addition to the sample. */
  getSharedParam() {
    const { owner, leaseS, tasks, agents, configDir } = this.options;
    return { owner, leaseS, tasks, agents, configDir };
  }

  static async restoreSharedParam(param) {
    return param;
  }

  /** Handles a message from a runner. This center defines its own messages. */
  async onRequest(runner, message) {
    switch (message.type) {
      case "join": {
        const command = this.#commands[this.#commandOf.size];
        this.#commandOf.set(runner, command);
        return command;
      }
      case "take":
        // Resolves when the capacities allow one attempt, and claims it. One, because a command runs one sample at a time.
        return this.take(1);
      case "finish":
        return this.finish(message.attempt, message.outcome);
    }
  }

  async postProcess() {
    this.options.logger.info(`${this.#commandOf.size} commands have ended`);
  }
}

export class CommandRunner extends Runner {
  static center = CommandCenter;

  async doRun() {
    const command = await this.request({ type: "join" });
    for (;;) {
      const grants = await this.request({ type: "take" });
      if (grants === undefined) return;
      for (const grant of grants) {
        const outcome = await this.#runCommand(command, grant);
        await this.request({ type: "finish", attempt: grant.attempt, outcome });
      }
    }
  }

  async #runCommand(command, grant) {
    const { owner, leaseS, tasks, agents, configDir } = this.shared;
    const { controller_address } = tasks[grant.task].parameters;
    const context = {
      controller: controller_address,
      owner,
      lease_s: leaseS,
      parameters: agents[grant.agent].parameters,
    };
    const options = { shell: true, cwd: configDir, signal: this.services.signal };
    const child = spawn(command, { ...options, stdio: ["pipe", "pipe", "inherit"] });
    try {
      child.stdin.on("error", () => {});
      child.stdin.end(JSON.stringify({ ...grant, ...context }));
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
      });
      const [code] = await once(child, "close");
      if (code !== 0) return failed(`${command} ended with exit code ${code}`);
      return { kind: "ended", output: JSON.parse(text.trimEnd().split("\n").at(-1)) };
    } catch (error) {
      return this.services.signal.aborted ? { kind: "stopped" } : failed(`${command}: ${error.message}`);
    }
  }
}

function failed(info) {
  return { kind: "failed", error: "AGENT_FAILED", info, output: null };
}
