import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";

const packageFolder = path.join(import.meta.dirname, "../..");

function start(script: string, ...args: string[]) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const end = async () => {
    const [code, signal] = await closed;
    return { code, signal, stderr };
  };
  return { child, end };
}

async function write(name: string, text: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "eval-protocol-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

/** The program that runBin runs, in a process of its own. */
const program = (main: string) =>
  write(
    "program.mjs",
    `import { runBin } from ${JSON.stringify(path.join(packageFolder, "dist/cli/index.js"))};
     const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     await runBin(async ({ stdout, stderr }) => { ${main} });`,
  );

test("a configuration whose reader takes the first line only is no failure", async () => {
  const long = Object.fromEntries(Array.from({ length: 50_000 }, (_, key) => [`key${key}`, "x".repeat(50)]));
  const { child, end } = start(
    path.join(packageFolder, "bin.js"),
    "config",
    await write("long.json", JSON.stringify(long)),
  );
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await end()).toEqual({ code: 0, signal: null, stderr: "" });
});

test.each(["stdout", "stderr"] as const)(
  "a program goes on to its own end when nobody reads its %s",
  async (stream) => {
    const main = `for (let line = 0; line < 40; line++) { ${stream}.write("line\\n"); await pause(5); } return 3;`;
    const { child, end } = start(await program(main));
    await once(child[stream], "data");
    child[stream].destroy();
    expect(await end()).toMatchObject({ code: 3, signal: null });
  },
);

test("a program that fails while its stderr has no reader still has the right exit code", async () => {
  const main = `stderr.write("line\\n"); await pause(200); throw new Error("x");`;
  const { child, end } = start(await program(main));
  await once(child.stderr, "data");
  child.stderr.destroy();
  expect(await end()).toMatchObject({ code: 1, signal: null });
});
