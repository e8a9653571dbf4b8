import { createServer } from "node:http";
import { Command } from "commander";
import { expect, test } from "vitest";
import type { SignalSource } from "../cli/index.js";
import { addConformanceCommand } from "./command.js";
import { V02Controller } from "./testing/v02-controller.js";
import { startV02Server } from "./testing/v02-server.js";
import { V02Worker } from "./testing/v02-worker.js";

const quiet: SignalSource = { on: () => {}, off: () => {}, exit: () => {} };

async function run(argv: string[], env: Record<string, string> = {}, process = quiet) {
  const written = { out: "", exit: -1 };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const conformance = addConformanceCommand(program, {
    env,
    stdout: { write: (text) => (written.out += text) },
    process,
    exitWith: (code) => {
      written.exit = code;
    },
  });
  for (const command of conformance.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync(["conformance", ...argv], { from: "user" });
  return written;
}

test("one line per check and a summary; exit code 0 if nothing failed", async () => {
  const { url } = await V02Controller.start();
  const { out, exit } = await run(["controller", "--url", `${url}/`]);
  const lines = out.trimEnd().split("\n");
  expect(lines[0]).toBe("ok       routes.unknown: an unknown route is 404 Not Found");
  expect(out).toContain("skipped  cancel_all.ends: ");
  expect(lines.at(-1)).toMatch(/^\d+ ok, 0 failed, 3 skipped: the controller at .* keeps the v0\.2 contract$/);
  expect(exit).toBe(0);
});

test("exit code 1 if a check failed, with the expected and the received value", async () => {
  const { url } = await V02Worker.start({}, (path, answer) => (path === "/cancel" ? [200, "\u001b[2J"] : answer));
  const lines = await run(["worker", "--url", url, "--index", "two", "--timeout", "1.005"]);
  expect(lines.exit).toBe(1);
  expect(lines.out).toContain(
    'FAIL     cancel.no-such-session: an unknown session is 400\n           expected: POST /cancel: 400 {"detail": "No such session"}\n           received: 200 "\\u001b[2J"\n',
  );
  const { out, exit } = await run(["worker", "--url", url, "--json", "--timeout", "1"]);
  const report = JSON.parse(out);
  expect(exit).toBe(1);
  expect(report).toMatchObject({ role: "worker", url, ok: false, counts: { ok: expect.any(Number), skipped: 2 } });
  const failed = report.checks.filter(({ outcome }: { outcome: string }) => outcome === "failed");
  expect(failed).toHaveLength(report.counts.failed);
  expect(failed[0]).toEqual({
    id: expect.any(String),
    title: expect.any(String),
    outcome: "failed",
    ms: expect.any(Number),
    expected: expect.any(String),
    received: expect.any(String),
  });
});

test.each([
  [["worker"], "commander.missingMandatoryOptionValue", /--url/],
  [["worker", "--url", "localhost:5001/api"], "USAGE", /did you mean http:\/\/localhost:5001\/api\?/],
  [["worker", "--url", "ftp://localhost/api"], "USAGE", /not an HTTP address/],
  [["controller", "--url", "http://localhost:5000"], "USAGE", /did you mean http:\/\/localhost:5000\/api\?/],
  [["controller", "--url", "http://127.0.0.1:1/api"], "UNREACHABLE", /http:\/\/127\.0\.0\.1:1\/api is unreachable/],
])("%j is refused", async (argv, code, message) => {
  await expect(run(argv)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("a controller instead of a worker, and the other way round, are recognized", async () => {
  const { url: controller } = await V02Controller.start();
  const { url: worker } = await V02Worker.start();
  await expect(run(["worker", "--url", controller])).rejects.toMatchObject({
    code: "USAGE",
    message: /is a controller/,
  });
  await expect(run(["controller", "--url", worker])).rejects.toMatchObject({ code: "USAGE", message: /is a worker/ });
});

test("a fake worker that cannot listen is a wrong use", async () => {
  const { url } = await V02Controller.start();
  const taken = createServer().listen(0, "127.0.0.1");
  const { port } = await new Promise<{ port: number }>((resolve) =>
    taken.on("listening", () => resolve(taken.address() as never)),
  );
  const flags = ["controller", "--url", url];
  await expect(run([...flags, "--port", String(port)])).rejects.toMatchObject({ code: "PORT_IN_USE" });
  for (const wrong of [
    ["--listen", "192.0.2.1"],
    ["--listen", "0.0.0.0"],
    ["--advertise", "some where"],
  ]) {
    await expect(run([...flags, ...wrong])).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/--(listen|advertise)/),
    });
  }
  expect((await run([...flags, "--listen", "0.0.0.0", "--advertise", "localhost"])).exit).toBe(0);
  taken.close();
});

test("the token is sent as it was given, or from EVAL_TOKEN; without the right one there is no check", async () => {
  const seen: unknown[] = [];
  const url = await startV02Server({}, () => [401, { detail: "no" }]);
  await expect(run(["worker", "--url", url, "--token", "t"])).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.on("listening", resolve));
  const address = `http://127.0.0.1:${(server.address() as { port: number }).port}/api`;
  await run(["worker", "--url", address, "--token", "flag"], { EVAL_TOKEN: "variable" }).catch(() => {});
  await run(["worker", "--url", address], { EVAL_TOKEN: "variable" }).catch(() => {});
  server.close();
  expect(seen).toEqual(["Bearer flag", "Bearer variable"]);
});

test("an interruption ends it with the signal's exit code, and without a verdict", async () => {
  let interrupt = () => {};
  const { url } = await V02Worker.start({}, (path, answer) => {
    if (path === "/cancel") interrupt();
    return path === "/cancel" ? "hang" : answer;
  });
  const listening: SignalSource = {
    ...quiet,
    on: (signal, listener) => {
      if (signal === "SIGINT") interrupt = listener;
    },
  };
  const { out, exit } = await run(["worker", "--url", url], {}, listening);
  expect(exit).toBe(130);
  expect(out).not.toContain("contract");
});
