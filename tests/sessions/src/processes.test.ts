import { randomId } from "@eval/protocol";
import { waitFor } from "@eval/protocol/testing";
import { expect, test } from "vitest";
import { echoSource, spawnBin, startBin, writeTask } from "./child.js";
import { connect, onlyWorker, say, startController } from "./testbed.js";

const start = (name = "echo") => ({ name, index: 0, request_id: randomId() });

async function ended(child: ReturnType<typeof spawnBin>) {
  const code = await waitFor(() => child.process.exitCode !== null && String(child.process.exitCode));
  await waitFor(() => child.stderr !== "");
  return { code, stderr: child.stderr };
}

test("a port in use is reported in one clear line with exit code 1, by both", async () => {
  const { port, address } = await startController();
  const config = await writeTask(echoSource);
  for (const child of [
    spawnBin("controller", ["-p", String(port)]),
    spawnBin("worker", ["echo", "-c", config, "-C", address, "-p", String(port)]),
  ]) {
    const { code, stderr } = await ended(child);
    expect(code).toBe("1");
    expect(stderr).toMatch(new RegExp(`^error: Port ${port} on 127.0.0.1 is in use: .*--port \\(PORT_IN_USE\\)\n$`));
  }
});

test("an unknown task is an error that lists the known ones, exit code 2", async () => {
  const config = await writeTask(echoSource, "known");
  const { code, stderr } = await ended(spawnBin("worker", ["other", "-c", config]));
  expect([code, stderr]).toEqual(["2", expect.stringMatching(/Task other is not defined in .*: it defines known/)]);
});

test.each([
  [[], /cannot reach this worker.*set --self/],
  [["--self", "http://127.0.0.1:6001/api"], /cannot reach this worker.*set --self/],
  [["--self", "http://worker.example:6001/api"], /listens only on 127.0.0.1.*--host/],
])("a controller elsewhere and %j: an error before anything starts", async (flags, message) => {
  const config = await writeTask(echoSource);
  const { code, stderr } = await ended(
    spawnBin("worker", ["echo", "-c", config, "-C", "http://c.example/api", ...flags]),
  );
  expect([code, stderr]).toEqual(["2", expect.stringMatching(message)]);
});

test("a worker that starts before its controller registers when the controller starts", async () => {
  const { port, address, stop } = await startController();
  await stop();
  const config = await writeTask(echoSource);
  const worker = await startBin("worker", ["echo", "-c", config, "-C", address, "-p", "0"]);
  await waitFor(() => worker.stderr.includes("Waiting for the controller"));
  await startController({ port });
  await waitFor(() => onlyWorker(connect(address)));
  expect(worker.stderr.match(/Waiting for the controller/g)).toHaveLength(1);
});

test("SIGTERM drains: no new samples, running ones finish, then exit code 0", async () => {
  const { address, controller } = await startController();
  const config = await writeTask(echoSource);
  const worker = await startBin("worker", ["echo", "-c", config, "-C", address, "-p", "0"]);
  const client = connect(address);
  await waitFor(() => onlyWorker(client));
  const { session_id } = (await client.startSample(start())).value;
  const end = worker.end("SIGTERM");
  await waitFor(() => [...controller.registry.workers()].some(({ draining }) => draining));
  await expect(client.startSample(start())).rejects.toMatchObject({ status: 406 });
  for (const turn of [1, 2, 3]) {
    const reply = await client.interact({ session_id, agent_response: say("a"), turn, wait_ms: 5_000 });
    expect(reply.value.output.status).toBe(turn < 3 ? "running" : "completed");
  }
  expect(await end).toBe(0);
});

test("after --drain-timeout running samples are canceled, and the task is released", async () => {
  const { address } = await startController();
  const released = echoSource.replace(
    "calculateOverall",
    "release() { process.stderr.write('released\\n'); } calculateOverall",
  );
  const config = await writeTask(released);
  const args = ["echo", "-c", config, "-C", address, "-p", "0", "--drain-timeout", "0.1"];
  const worker = await startBin("worker", args);
  const client = connect(address);
  await waitFor(() => onlyWorker(client));
  await client.startSample(start());
  expect(await worker.end("SIGTERM")).toBe(0);
  expect(worker.stderr).toContain("released");
});

test("a second signal ends a draining worker, or a controller, immediately", async () => {
  const controller = await startBin("controller", ["-p", "0"]);
  const config = await writeTask(echoSource);
  const worker = await startBin("worker", ["echo", "-c", config, "-C", controller.address, "-p", "0"]);
  const client = connect(controller.address);
  await waitFor(() => client.startSample(start()).catch(() => undefined));
  const end = worker.end("SIGINT");
  await waitFor(() => worker.stderr.includes("Draining 1 samples"));
  // Two signals in quick succession count as one, so it is said until it is heard.
  await waitFor(() => worker.process.exitCode !== null || !worker.process.kill("SIGINT"));
  expect(await end).toBe(130);
  expect(await controller.end("SIGTERM")).toBe(0);
});

test("beyond loopback a token or --insecure is required", async () => {
  const { code, stderr } = await ended(spawnBin("controller", ["-p", "0", "--host", "0.0.0.0"]));
  expect([code, stderr]).toEqual(["2", expect.stringMatching(/--token.*--insecure/)]);
});
