import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** The built module: a thread of it cannot be loaded from its source. */
const built = fileURLToPath(new URL("../../../../dist/dispatch/distributed/host/lock-watch.js", import.meta.url));

/** A process of its own with a watch, that does `work` and ends by itself. */
async function end(work: string) {
  const program = `
    import { LockWatch } from ${JSON.stringify(built)};
    const watch = new LockWatch();
    watch.start();
    ${work}
    watch.stop();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, stderr };
}

test("a watch of locks lets a process live that turns, however late its locks are renewed", async () => {
  const work = `
    for (let turn = 0; turn < 40; turn++) {
      watch.moveDeadline(-10_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  `;
  expect(await end(work)).toEqual({ code: 0, signal: null, stderr: "" });
});

test("a watch of locks ends a process that is blocked when its deadline passes, and not before", async () => {
  const block = (ms: number) => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});`;
  const ready = "await new Promise((resolve) => setTimeout(resolve, 500));";
  const early = await end(`${ready} watch.moveDeadline(60_000); ${block(1_500)}`);
  expect(early).toEqual({ code: 0, signal: null, stderr: "" });
  const late = await end(`${ready} watch.moveDeadline(200); ${block(20_000)}`);
  expect(late).toMatchObject({ code: null, signal: "SIGKILL", stderr: expect.stringContaining("blocks this process") });
});
