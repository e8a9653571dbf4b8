/**
 * A separate process that start-task starts first. It knows all processes of start-task. When start-task has ended, even
 * by kill -9, it waits for a time and kills the remaining processes, their children, and containers.
 * Arguments: milliseconds to wait; the mark of all that start-task starts.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Descendants } from "./descendants.js";
import type { GuardMessage, Owned } from "./guard-message.js";
import { isGroupAlive, killGroup } from "./process-tree.js";

const owned = new Map<number, Owned>();
const files = new Set<string>();
let waitMs = Number(process.argv[2] ?? 10_000);
const descendants = new Descendants(process.argv[3] as string);
descendants.watch();

process.on("message", (message: GuardMessage) => {
  if (message.type === "own") own(message.owned);
  else if (message.type === "disown") owned.delete(message.pid);
  else if (message.type === "file") files.add(message.path);
  else waitMs = 0;
});

// A terminal's Ctrl-C and a careless kill are meant for start-task.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

process.once("disconnect", () => void finish().then(() => process.exit(0)));

function own(one: Owned): void {
  owned.set(one.pid, one);
  descendants.add(one.pid);
}

async function finish(): Promise<void> {
  for (const file of files) rmSync(file, { recursive: true, force: true });
  // They are found by their parents, which end now.
  descendants.look();
  // The others watch start-task themselves; a second signal would cut their draining short.
  for (const { pid, container } of owned.values()) if (container !== undefined) killGroup(pid, "SIGTERM");
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline && left().length > 0) await sleep(50);
  await Promise.all(left().map(end));
  await descendants.end();
}

function left(): Owned[] {
  return [...owned.values()].filter(({ pid }) => isGroupAlive(pid));
}

async function end({ pid, container }: Owned): Promise<void> {
  if (container !== undefined) await killContainer(container);
  killGroup(pid, "SIGKILL");
}

function killContainer(container: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn("docker", ["kill", container], { stdio: "ignore", timeout: 10_000, windowsHide: true });
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
}
