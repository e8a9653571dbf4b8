import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

const prefix = "eval_dbbench_";
const pattern = /^eval_dbbench_(\d+)_([0-9a-f]{12})_([0-9a-f]{12})$/;

/** Represents a host that cannot be distinguished from others: its leftover schemas are never dropped. */
const unknownHost = "0".repeat(12);

/**
 * Names where process ids mean the same processes: one start of one machine, and one space of process ids on it
 * (containers have their own). Linux alone tells.
 */
export function hostMark(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return createHash("sha256")
      .update(`${boot} ${readlinkSync("/proc/self/ns/pid")}`)
      .digest("hex")
      .slice(0, 12);
  } catch {
    return unknownHost;
  }
}

/** A new name of a schema. The process is part of it, so that what a killed one left can be told from what is in use. */
export function newSchemaName(mark: string): string {
  return `${prefix}${process.pid}_${mark}_${randomBytes(6).toString("hex")}`;
}

/** The user of a schema; at most 32 characters, as MySQL wants it. */
export function userOf(schema: string): string {
  return `${prefix}${pattern.exec(schema)?.[3] ?? ""}`;
}

/** True for the schema of a process that has certainly ended: a process of this host whose id is no longer in use. */
export function isLeftBehind(schema: string, mark: string, isAlive: (pid: number) => boolean): boolean {
  const [, pid, host] = pattern.exec(schema) ?? [];
  return pid !== undefined && host === mark && mark !== unknownHost && !isAlive(Number(pid));
}

/** False if no process has the id; another one may have got it, so true proves nothing. */
export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
