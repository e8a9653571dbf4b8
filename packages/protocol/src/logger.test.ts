import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { CodedError } from "./error.js";
import { createLogger, type LoggerOptions, silentLogger } from "./logger.js";

function logged(options: LoggerOptions, isTTY = false) {
  const chunks: string[] = [];
  const stream = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk));
        done();
      },
    }),
    { isTTY },
  );
  return { logger: createLogger({ stream, ...options }), lines: () => chunks.join("").split("\n").slice(0, -1) };
}

describe("json", () => {
  it("writes one object per line if the stream is not a terminal", () => {
    const { logger, lines } = logged({ label: "controller" });
    logger.info("worker\nregistered", { task: "echo", workers: [1, { id: 2 }], at: new Date(0), none: undefined });
    logger.debug("not shown");
    const [line = "", ...others] = lines();
    expect(others).toEqual([]);
    const record = JSON.parse(line);
    expect(record).toEqual({
      time: record.time,
      level: "info",
      label: "controller",
      message: "worker\nregistered",
      task: "echo",
      workers: [1, { id: 2 }],
      at: "1970-01-01T00:00:00.000Z",
    });
    expect(record.time).toBe(new Date(record.time).toISOString());
  });

  it("keeps fields apart from its own names, and survives any value", () => {
    const { logger, lines } = logged({});
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const error = new CodedError("UNREACHABLE", "no answer", { cause: new Error("reset") });
    logger.warn("m", { message: "other", level: 3, error, cycle, big: 5n, run: () => {} });
    const record = JSON.parse(lines()[0] ?? "");
    expect(record).toMatchObject({ message: "m", message_: "other", level: "warn", level_: 3, big: "5" });
    expect(record.error).toBe("no answer: reset (UNREACHABLE)");
  });
});

describe("pretty", () => {
  it("writes lines for people on a terminal", () => {
    const { logger, lines } = logged({ label: "worker", color: false }, true);
    logger.error("cannot register", { address: "http://h/api", reason: "not there", attempts: 3, none: undefined });
    expect(lines()[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} error worker cannot register address=http:\/\/h\/api reason="not there" attempts=3$/,
    );
  });

  it("uses colors only on a terminal", () => {
    const terminal = logged({}, true);
    terminal.logger.info("x");
    expect(terminal.lines()[0]).toContain("\u001b[32m");
    const file = logged({ format: "pretty" });
    file.logger.info("x");
    expect(file.lines()[0]).not.toContain("\u001b");
  });
});

it("adds a child's fields to every line", () => {
  const { logger, lines } = logged({});
  logger.child({ run: "r", n: 1 }).child({ session: 5 }).info("m", { n: 2 });
  logger.info("plain");
  expect(JSON.parse(lines()[0] ?? "")).toMatchObject({ run: "r", session: 5, n: 2 });
  expect(JSON.parse(lines()[1] ?? "")).not.toHaveProperty("run");
});

it("redacts the message and every text in the fields", () => {
  const { logger, lines } = logged({ redact: (text) => text.replaceAll("sk-1", "***") });
  logger.info("key sk-1", { deep: [{ a: "sk-1" }], error: new Error("refused sk-1") });
  expect(lines()[0]).not.toContain("sk-1");
  expect(lines()[0]?.match(/\*\*\*/g)).toHaveLength(3);
});

it("writes the chosen level and above", () => {
  const { logger, lines } = logged({ level: "warn" });
  for (const level of ["debug", "info", "warn", "error"] as const) logger[level](level);
  expect(lines().map((line) => JSON.parse(line).level)).toEqual(["warn", "error"]);
});

it("rejects an unknown level", () => {
  expect(() => createLogger({ level: "loud" as "info" })).toThrow(/unknown log level "loud"; known: error, warn/);
});

it("can be silent", () => {
  silentLogger.child({ a: 1 }).error("nothing");
});
