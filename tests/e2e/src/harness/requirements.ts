import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { noteSkip } from "@eval/protocol/testing";
import { repository } from "./repository.js";

/** Where this is set nothing may be skipped: what a test needs has to be there. */
const required = process.env.EVAL_REQUIRE_SERVICES === "1";

/** The address of the MariaDB or MySQL server that tests use. */
export const mysqlAddress = process.env.EVAL_TEST_MYSQL_URL ?? "mysql://root@127.0.0.1:3306/";

/** The development split of the published data, which lies beside the checkout; relative to the checkout. */
export const developmentData = "../shared/data/agentbench/dbbench/dev.jsonl";

/** True if a test has to be skipped, after saying why. Where services are required it runs, and fails. */
export function skipBecause(reason: string | undefined): boolean {
  if (reason === undefined || required) return false;
  noteSkip(reason);
  return true;
}

export function missingDevelopmentData(): string | undefined {
  return existsSync(resolve(repository, developmentData)) ? undefined : `${developmentData} does not exist`;
}

export function missingMysql(): Promise<string | undefined> {
  const { hostname, port } = new URL(mysqlAddress);
  return new Promise((answer) => {
    const socket = connect({ host: hostname, port: port === "" ? 3306 : Number(port), timeout: 3_000 });
    const end = (reason: string | undefined) => {
      socket.destroy();
      answer(reason && `no database server at ${mysqlAddress}: ${reason}`);
    };
    socket.once("connect", () => end(undefined));
    socket.once("timeout", () => end("no answer"));
    socket.once("error", (error) => end(error.message));
  });
}

/** Debian's Chromium and the usual places of Chrome; `EVAL_TEST_CHROMIUM` names another. */
export function chromiumFile(): string | undefined {
  const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const candidates = process.env.EVAL_TEST_CHROMIUM === undefined ? usual : [process.env.EVAL_TEST_CHROMIUM];
  return candidates.find((file) => existsSync(file));
}

export function missingChromium(): string | undefined {
  return chromiumFile() === undefined ? "there is no Chromium (set EVAL_TEST_CHROMIUM)" : undefined;
}

/** Tests start Redis servers of their own: some of them are stopped, or ask for a password. */
export function missingRedisServer(): string | undefined {
  const { status } = spawnSync("redis-server", ["--version"], { stdio: "ignore" });
  return status === 0 ? undefined : "there is no redis-server on the PATH";
}
