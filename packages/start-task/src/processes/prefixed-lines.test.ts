import { Readable, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { prefixLines } from "./prefixed-lines.js";

class Sink extends Writable {
  writes: string[] = [];
  constructor(highWaterMark: number) {
    super({ highWaterMark });
  }
  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.writes.push(String(chunk));
    setImmediate(done);
  }
}

it("writes only whole lines, however they are split", async () => {
  const euro = Buffer.from("€");
  const sink = new Sink(1);
  const pieces = ["one\ntw", "o\r\n", euro.subarray(0, 1), euro.subarray(1), "\n\nlast"].map((piece) =>
    Buffer.from(piece),
  );
  await prefixLines(Readable.from(pieces), sink, () => "t:1");
  expect(sink.writes.join("")).toBe("t:1 | one\nt:1 | two\nt:1 | €\nt:1 | \nt:1 | last\n");
  expect(sink.writes.every((text) => text.endsWith("\n"))).toBe(true);
});

it("writes the content from before a stream broke, and a line without an end in pieces", async () => {
  const sink = new Sink(1_000_000);
  async function* broken() {
    yield Buffer.from("x".repeat(70_000));
    yield Buffer.from("rest");
    await nextTurn();
    throw new Error("cut");
  }
  await prefixLines(Readable.from(broken()), sink, () => "t");
  expect(sink.writes.join("")).toBe(`t | ${"x".repeat(70_000)}\nt | rest\n`);
});

it("is not blocked by a target that has closed", async () => {
  const sink = new Sink(1);
  sink.on("error", () => {});
  sink.destroy();
  await prefixLines(Readable.from([Buffer.from("a\nb\n")]), sink, () => "t");
});
