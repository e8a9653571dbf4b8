/// <reference lib="dom" />
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { foreignName, type Site, startBrowser, startSite } from "./harness/browser.js";
import { Cluster } from "./harness/cluster.js";
import { missingChromium, skipBecause } from "./harness/requirements.js";
import { type Stage, test } from "./harness/stage.js";

const skip = skipBecause(missingChromium());

/** A controller with one worker, on which one session is open. */
async function openSession(stage: Stage) {
  const virtual = { module: "@eval/tasks#VirtualTask", parameters: { samples: 2 }, concurrency: 2 };
  const cluster = await Cluster.start(stage, { agents: {}, tasks: { virtual } });
  const { controller } = cluster;
  const { session_id } = await postJson(`${controller.address}/start_sample`, { name: "virtual", index: 0 });
  const { port } = await (cluster.workers[0] as (typeof cluster.workers)[0]).listening();
  return { controller, session: String(session_id), workerPort: port };
}

async function postJson(url: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

const forgedHeartbeat = JSON.stringify({
  name: "virtual",
  address: "http://127.0.0.1:1/api",
  concurrency: 100,
  indices: [0, 1],
});

/** Everything that a page can send without being asked, or allowed to, by the server. */
async function attack(page: Page, origin: string): Promise<void> {
  await page.evaluate(
    async ([base, heartbeat]) => {
      const send = (path: string, init: RequestInit) => fetch(`${base}${path}`, init).catch(() => undefined);
      const posts = ["/api/cancel_all", "/api/clean_worker", "/api/clean_session", "/api/sync_all"];
      for (const path of posts) {
        await send(path, { method: "POST", mode: "no-cors" });
        await send(path, { method: "POST", mode: "no-cors", body: "{}", headers: { "content-type": "text/plain" } });
        await send(path, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
      }
      await send("/api/receive_heartbeat", { method: "POST", mode: "no-cors", body: heartbeat });
      await send("/api/receive_heartbeat", { method: "POST", mode: "no-cors", body: new Blob([heartbeat]) });
      await send("/api/cancel_all", { method: "POST", mode: "no-cors", referrerPolicy: "no-referrer" });
      navigator.sendBeacon(`${base}/api/receive_heartbeat`, heartbeat);
      navigator.sendBeacon(`${base}/api/cancel_all`);
    },
    [origin, forgedHeartbeat] as const,
  );
  await submitForms(page, `${origin}/api/cancel_all`, forgedHeartbeat);
}

/** A form of the page itself, and one in a sandbox, whose origin is `null`; each opens a window with the reply. */
async function submitForms(page: Page, action: string, text: string): Promise<void> {
  for (const sandbox of [false, true]) {
    const opened = page.waitForEvent("popup");
    await page.evaluate(
      ([url, body, isSandboxed]) => {
        const frame = document.createElement("iframe");
        if (isSandboxed) frame.sandbox.add("allow-forms", "allow-scripts", "allow-popups");
        const script = `document.forms[0].elements[0].name = ${JSON.stringify(body)}; document.forms[0].submit()`;
        frame.srcdoc = `<form method="post" enctype="text/plain" target="_blank" action="${url}"><textarea name="x">
          </textarea></form><script>${script}</script>`;
        document.body.append(frame);
      },
      [action, text, sandbox] as const,
    );
    const reply = await opened;
    await reply.waitForURL(action);
    expect(await reply.textContent("body")).toContain("Requests from web pages of other sites are rejected");
    await reply.close();
  }
}

describe.skipIf(skip)("a web page in Chromium", () => {
  let browser: Browser;
  let site: Site;
  let page: Page;

  beforeAll(async () => {
    [browser, site] = await Promise.all([startBrowser(), startSite()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  // From another site, from another name of this machine, and from another port under the same name. A page on loopback may
  // send to 0.0.0.0 without saying that it comes from elsewhere.
  const ways = [
    { from: foreignName, to: ["localhost", "127.0.0.1"] },
    { from: "localhost", to: ["127.0.0.1", "localhost"] },
    { from: "127.0.0.1", to: ["127.0.0.1", "0.0.0.0"] },
  ];

  test("cannot change anything on a controller or a worker on loopback", async ({ stage }) => {
    const { controller, session, workerPort } = await openSession(stage);
    for (const { from, to } of ways) {
      page = await browser.newPage();
      await page.goto(`http://${from}:${site.port}/`);
      for (const [at, port] of [controller.port, workerPort].entries()) await attack(page, `http://${to[at]}:${port}`);
      for (const [at, port] of [workerPort, controller.port].entries()) await attack(page, `http://${to[at]}:${port}`);
      await page.close();
      expect(Object.keys(await controller.sessions())).toEqual([session]);
      expect(await controller.workers("virtual")).toMatchObject([{ current: 1 }]);
    }
  });

  test("cannot read anything when its name is rebound to loopback", async ({ stage }) => {
    const { controller, workerPort } = await openSession(stage);
    page = await browser.newPage();
    for (const port of [controller.port, workerPort]) {
      const response = await page.goto(`http://${foreignName}:${port}/health`);
      expect(response?.status()).toBe(403);
      expect(await response?.text()).toMatch(
        /The Host header .*evil\.example.* does not name this server.*--allow-host/,
      );
      // The page has the server's own origin now: the browser lets it read, and send JSON.
      const seen = await page.evaluate(async () => {
        const get = await fetch("/api/list_workers");
        const headers = { "content-type": "application/json" };
        const post = await fetch("/api/cancel_all", { method: "POST", headers, body: "{}" });
        return [get.status, post.status];
      });
      expect(seen).toEqual([403, 403]);
    }
    expect(Object.keys(await controller.sessions())).toHaveLength(1);
    await page.close();
  });

  test("of the server itself is accepted, but only with JSON", async ({ stage }) => {
    const { controller } = await openSession(stage);
    page = await browser.newPage();
    await page.goto(`http://localhost:${controller.port}/health`);
    const statuses = await page.evaluate(async () => {
      const post = (type: string) =>
        fetch("/api/cancel_all", { method: "POST", headers: { "content-type": type }, body: "{}" });
      const get = await fetch("/api/list_sessions");
      return [get.status, (await post("text/plain")).status, (await post("application/json")).status];
    });
    expect(statuses).toEqual([200, 415, 200]);
    expect(await controller.sessions()).toEqual({});
    await page.close();
  });
});
