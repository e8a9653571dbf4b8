// Measures the cost of a sample and of an open session for each process of a distributed run. The numbers in
// docs/scale-out.md come from this script.
// Usage: node scripts/measure-scale.mjs [samples] [turns] [concurrency] [milliseconds of the agent per turn]
// Needs redis-server on the PATH and a build. CPU and memory are read from /proc: Linux only.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [samples = 2000, turns = 1, concurrency = 100, delayMs = 0] = process.argv.slice(2).map(Number);
const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "eval-scale-"));
const redisPort = 20_000 + Math.floor(Math.random() * 10_000);
const controllerPort = redisPort + 1;
const controller = `http://127.0.0.1:${controllerPort}/api`;
const redis = `redis://127.0.0.1:${redisPort}`;

writeFileSync(
  join(folder, "agent.mjs"),
  `import { setTimeout as sleep } from "node:timers/promises";
export default () => ({ inference: async () => { await sleep(${delayMs}); return "an answer"; } });`,
);
write("tasks.yaml", {
  virtual: { module: "@eval/tasks#VirtualTask", parameters: { samples, rounds: turns, concurrency } },
});
const client = { module: "@eval/assigner#TaskClient", parameters: { controller_address: controller } };
write("run.yaml", {
  definition: { agent: { mine: { module: "./agent.mjs" } }, task: { virtual: client } },
  concurrency: { agent: { mine: concurrency }, task: { virtual: concurrency } },
  assignments: [{ agent: "mine", task: "virtual" }],
  output: join(folder, "output"),
});

const processes = new Map();
try {
  start("redis", "redis-server", ["--port", redisPort, "--save", "", "--appendonly", "yes", "--dir", folder]);
  bin("controller", "controller", ["--port", controllerPort]);
  await sleep(3_000);
  bin("worker", "worker", ["virtual", "--config", join(folder, "tasks.yaml"), "--controller", controller, "--port", 0]);
  const runFlags = ["--redis", redis, "--run", "scale", "--config", join(folder, "run.yaml")];
  bin("runner host", "assigner", ["runner", ...runFlags, "--concurrency", concurrency, "--wait", 60]);
  await sleep(5_000);
  const idle = usages();
  const center = bin("center", "assigner", runFlags);
  const most = new Map();
  const watch = setInterval(() => {
    for (const [name, { memory }] of usages()) most.set(name, Math.max(most.get(name) ?? 0, memory));
  }, 500);
  const last = new Map();
  const sampling = setInterval(() => {
    for (const [name, usage] of usages()) last.set(name, usage);
  }, 20);
  const begun = performance.now();
  await new Promise((ended) => center.once("exit", ended));
  clearInterval(watch);
  clearInterval(sampling);
  const seconds = (performance.now() - begun) / 1_000;
  console.log(`${samples} samples of ${turns} turns, ${concurrency} at once: ${seconds.toFixed(1)} s`);
  console.log("process       CPU ms/sample     MB idle      MB max  KB/session");
  for (const [name, { cpu }] of last) {
    const before = idle.get(name) ?? { cpu: 0, memory: 0 };
    const perSample = ((cpu - before.cpu) / samples).toFixed(2);
    const grown = most.get(name) - before.memory;
    const columns = [
      perSample,
      megabytes(before.memory),
      megabytes(most.get(name)),
      (grown / concurrency / 1024).toFixed(0),
    ];
    console.log(name.padEnd(15) + columns.map((column) => String(column).padStart(12)).join(""));
  }
} finally {
  for (const { child } of processes.values()) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

function write(name, content) {
  writeFileSync(join(folder, name), JSON.stringify(content));
}

function bin(name, of, args) {
  return start(name, process.execPath, [join(root, "packages", of, "bin.js"), ...args]);
}

function start(name, file, args) {
  const child = spawn(file, args.map(String), { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  processes.set(name, { child });
  return child;
}

/** CPU time in milliseconds and resident memory in bytes of each running process. */
function usages() {
  const found = new Map();
  for (const [name, { child }] of processes) {
    try {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      if (resident === undefined) continue;
      found.set(name, { cpu: (Number(fields[11]) + Number(fields[12])) * 10, memory: Number(resident) * 1024 });
    } catch {
      // The process has ended.
    }
  }
  return found;
}

function megabytes(bytes) {
  return (bytes / 1024 / 1024).toFixed(0);
}
