import { createServer } from "node:net";
import { expect, it } from "vitest";
import { assertPortsFree, chooseFreePorts } from "./free-ports.js";

it("chooses ports that are different and free", async () => {
  const ports = await chooseFreePorts(20, "127.0.0.1");
  expect(new Set(ports).size).toBe(20);
  await assertPortsFree(ports.map((port) => ({ port, host: "127.0.0.1", label: "task" })));
});

it("names every port that is taken, and AirPlay on macOS", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  const wanted = { port, host: "127.0.0.1", label: "task" };
  await expect(assertPortsFree([wanted])).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringContaining(`this port is in use: ${port} (task)`),
  });
  await new Promise((resolve) => server.close(resolve));
  await assertPortsFree([wanted]);
});

it("rejects a host that does not belong to this machine", async () => {
  const wanted = { port: 0, host: "192.0.2.1", label: "task" };
  await expect(assertPortsFree([wanted])).rejects.toMatchObject({ code: "USAGE" });
});
