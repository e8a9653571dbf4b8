import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { CodedError } from "../error.js";
import { readPackageVersion } from "./package-version.js";
import { type BinContext, type BinProcess, createProgram, runBin } from "./run-bin.js";
import { onShutdown } from "./shutdown.js";

class Sink extends Writable {
  text = "";
  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

class FakeProcess extends EventEmitter {
  readonly ppid = 1;
  argv: string[];
  env: Record<string, string | undefined> = {};
  stdout = new Sink();
  stderr = new Sink();
  exitCode: number | string | null | undefined;
  exits: number[] = [];
  constructor(...args: string[]) {
    super();
    this.argv = ["node", "bin.js", ...args];
  }
  cwd(): string {
    return "/work";
  }
  exit(code: number): void {
    this.exits.push(code);
  }
}

async function run(fake: FakeProcess, main: Parameters<typeof runBin>[0]): Promise<FakeProcess> {
  await runBin(main, { process: fake as unknown as BinProcess });
  return fake;
}

describe("runBin", () => {
  it("passes the process on and sets the exit code that main returns", async () => {
    let seen: BinContext | undefined;
    const fake = await run(new FakeProcess("a", "--b"), async (context) => {
      seen = context;
      return 3;
    });
    expect(seen).toMatchObject({ argv: ["a", "--b"], cwd: "/work" });
    expect(fake.exitCode).toBe(3);
    expect((await run(new FakeProcess(), async () => {})).exitCode).toBe(0);
  });

  it("shows a coded error without its stack, with its causes, and exits by the table", async () => {
    const fake = await run(new FakeProcess(), async () => {
      throw new CodedError("UNREACHABLE", "no controller at http://x", { cause: new Error("refused") });
    });
    expect(fake.stderr.text).toBe("error: no controller at http://x: refused (UNREACHABLE)\n");
    expect(fake.exitCode).toBe(3);
  });

  it("shows an unexpected error's message, and how to see more", async () => {
    const main = async () => {
      throw new TypeError("x is not a function");
    };
    const fake = await run(new FakeProcess(), main);
    expect(fake.stderr.text).toMatch(/^error: x is not a function\n.*EVAL_DEBUG=1/);
    expect(fake.stderr.text).not.toContain("    at ");
    expect(fake.exitCode).toBe(1);
    expect((await run(new FakeProcess("--log-level", "debug"), main)).stderr.text).toContain("    at ");
    expect((await run(new FakeProcess("--log-level=debug"), main)).stderr.text).toContain("    at ");
    const debugged = new FakeProcess();
    debugged.env.EVAL_DEBUG = "1";
    expect((await run(debugged, main)).stderr.text).toContain("    at ");
  });

  it.each([
    [["--help"], 0, /^Usage: demo/, /^$/],
    [["--version"], 0, /^1\.2\.3\n$/, /^$/],
    [["--bogus"], 2, /^$/, /^error: unknown option '--bogus'/],
    [["extra"], 2, /^$/, /^error: too many arguments/],
  ])("leaves %j to commander", async (args, code, stdout, stderr) => {
    const fake = await run(new FakeProcess(...args), async (context) => {
      const program = createProgram({ name: "demo", description: "d", version: "1.2.3" }, context).action(() => {});
      await program.parseAsync(context.argv, { from: "user" });
    });
    expect(fake.exitCode).toBe(code);
    expect(fake.stdout.text).toMatch(stdout);
    expect(fake.stderr.text).toMatch(stderr);
  });

  it("shows the stacks of errors that cause each other", async () => {
    const error = new Error("outer", { cause: new Error("inner") });
    (error.cause as Error).cause = error;
    const fake = await run(new FakeProcess("--log-level=debug"), async () => {
      throw error;
    });
    expect(fake.stderr.text).toMatch(/^error: outer: inner\n/);
    expect(fake.stderr.text.match(/caused by/g)).toHaveLength(1);
  });

  it("continues when the readers of its output have ended, and exits when a result cannot be written", async () => {
    const fail = (stream: Sink, code: string) => stream.emit("error", Object.assign(new Error(code), { code }));
    const fake = new FakeProcess();
    await run(fake, async () => {
      fail(fake.stdout, "EPIPE");
      fail(fake.stderr, "EPIPE");
      fail(fake.stderr, "EIO");
      return 3;
    });
    expect([fake.exits, fake.exitCode]).toEqual([[], 3]);
    fail(fake.stdout, "ENOSPC");
    expect(fake.exits).toEqual([1]);
  });
});

describe("onShutdown", () => {
  it("calls the handler once, and on the second signal ends the process and its children immediately", async () => {
    const fake = new FakeProcess();
    const calls: string[] = [];
    let now = 0;
    const onForce = () => void calls.push(`force, exits so far: ${fake.exits.length}`);
    onShutdown((signal) => void calls.push(signal), { process: fake, onForce, now: () => now });
    fake.emit("SIGTERM");
    await Promise.resolve();
    now = 1_000;
    fake.emit("SIGINT");
    expect(calls).toEqual(["SIGTERM", "force, exits so far: 0"]);
    expect(fake.exits).toEqual([130]);
  });

  it("treats a signal directly after the first one as its echo", async () => {
    const fake = new FakeProcess();
    let now = 0;
    onShutdown(() => {}, { process: fake, now: () => now });
    fake.emit("SIGINT");
    now = 5;
    fake.emit("SIGINT");
    expect(fake.exits).toEqual([]);
    now = 501;
    fake.emit("SIGINT");
    expect(fake.exits).toEqual([130]);
  });

  it("exits if the handler fails", async () => {
    const fake = new FakeProcess();
    const failed = new Promise((resolve) => {
      onShutdown(() => Promise.reject(new Error("stuck")), { process: fake, onError: resolve });
    });
    fake.emit("SIGTERM");
    expect(await failed).toMatchObject({ message: "stuck" });
    expect(fake.exits).toEqual([143]);
  });

  it("can stop listening", () => {
    const fake = new FakeProcess();
    onShutdown(() => {}, { process: fake })();
    expect(fake.listenerCount("SIGINT") + fake.listenerCount("SIGTERM")).toBe(0);
  });
});

it("reads the version of the package a module belongs to", () => {
  expect(readPackageVersion(import.meta.url)).toMatch(/^\d+\.\d+\.\d+/);
});
