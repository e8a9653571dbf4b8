import { expect, onTestFinished, test } from "vitest";
import { FakeWorkerHost } from "./fake-worker-host.js";

test("a request to an address without a worker reaches no worker", async () => {
  const host = await FakeWorkerHost.start({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => host.stop());
  const worker = host.add(1);
  await expect(fetch(`${host.deadAddress}/get_indices`)).rejects.toThrow();
  expect(worker.requests).toEqual([]);
  expect((await fetch(`${worker.address}/get_indices`)).status).toBe(200);
  expect(worker.requests).toHaveLength(1);
});
