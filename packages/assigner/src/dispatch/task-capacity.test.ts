import { describe, expect, it } from "vitest";
import { TaskCapacity } from "./task-capacity.js";

describe("TaskCapacity", () => {
  it("has nothing free before the first reading", () => {
    expect(new TaskCapacity(["t"], 0).freeOf("t", 0)).toBe(0);
    expect(new TaskCapacity([], 0).freeOf("unknown", 0)).toBe(0);
  });

  it("follows what starts and ends between two readings", () => {
    const capacity = new TaskCapacity(["t"], 0);
    capacity.asking("t", 0);
    capacity.apply("t", { free: 3, workers: 1 }, 0);
    capacity.started("t");
    capacity.started("t");
    capacity.ended("t");
    expect(capacity.freeOf("t", 0)).toBe(2);
  });

  it("subtracts samples that started during a reading", () => {
    const capacity = new TaskCapacity(["t"], 0);
    capacity.asking("t", 0);
    capacity.started("t");
    capacity.apply("t", { free: 3, workers: 1 }, 0);
    expect(capacity.freeOf("t", 0)).toBe(2);
  });

  it("has nothing free after a refusal, until the next reading", () => {
    const capacity = new TaskCapacity(["t"], 0);
    capacity.apply("t", { free: 3, workers: 1 }, 0);
    capacity.exhausted("t");
    expect(capacity.freeOf("t", 0)).toBe(0);
    capacity.asking("t", 0);
    capacity.apply("t", { free: 1, workers: 1 }, 0);
    expect(capacity.freeOf("t", 0)).toBe(1);
  });

  it("measures how long a task has had no worker", () => {
    const capacity = new TaskCapacity(["t"], 100);
    capacity.apply("t", { free: 0, workers: 0 }, 150);
    expect(capacity.starvedFor("t", 160)).toBe(60);
    capacity.apply("t", { free: 0, workers: 2 }, 200);
    expect(capacity.starvedFor("t", 900)).toBe(0);
    capacity.apply("t", undefined, 1_000);
    expect(capacity.starvedFor("t", 1_010)).toBe(810);
    expect(capacity.serviceOf("t")).toBe("unreachable");
  });

  it("has nothing free while the controller is unreachable, whatever ends in the meantime", () => {
    const capacity = new TaskCapacity(["t"], 0);
    capacity.apply("t", { free: 3, workers: 1 }, 0);
    capacity.apply("t", undefined, 1);
    capacity.ended("t");
    expect(capacity.freeOf("t", 0)).toBe(0);
    capacity.apply("t", { free: 2, workers: 1 }, 2);
    expect(capacity.freeOf("t", 0)).toBe(2);
  });

  it("has nothing free while a slow reading suggests that the controller hangs", () => {
    const capacity = new TaskCapacity(["t"], 0);
    capacity.apply("t", { free: 3, workers: 1 }, 0);
    capacity.asking("t", 1_000);
    expect(capacity.freeOf("t", 4_000)).toBe(3);
    expect(capacity.freeOf("t", 4_001)).toBe(0);
    capacity.apply("t", { free: 3, workers: 1 }, 4_500);
    expect(capacity.freeOf("t", 9_000)).toBe(3);
  });
});
