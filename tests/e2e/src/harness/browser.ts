import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { chromiumFile } from "./requirements.js";

/** A name that this machine's browser takes for this machine, as after DNS rebinding. */
export const foreignName = "evil.example";

/** Headless Chromium that asks nobody but this machine. */
export function startBrowser(): Promise<Browser> {
  const quiet = ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"];
  return chromium.launch({
    executablePath: chromiumFile() ?? "chromium",
    chromiumSandbox: false,
    args: [...quiet, "--no-first-run", "--disable-sync", `--host-resolver-rules=MAP ${foreignName} 127.0.0.1`],
  });
}

export interface Site {
  port: number;
  close(): Promise<void>;
}

/** A web site on loopback with one empty page. */
export async function startSite(): Promise<Site> {
  const page = "<!doctype html><title>A page</title>";
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(page));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
