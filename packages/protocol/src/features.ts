import { randomBytes } from "node:crypto";

/** What may be relied on over all hops of a session. `replay`: starts and turns may be sent again safely. */
export const sessionFeatures = ["replay"] as const;

/** Features of this release; only ever added to. `indices_digest`: a heartbeat may name its indices by their digest. */
export const features = [...sessionFeatures, "indices_digest"] as const;

export type Feature = (typeof features)[number];

export const headerNames = {
  /** Comma-separated feature names; absent from v0.2's messages. */
  features: "x-eval-features",
  /** A random id made at process start. */
  instance: "x-eval-instance",
  /** Controller to worker: the task's name (URI-encoded) and the incarnation that are meant. */
  task: "x-eval-task",
  incarnation: "x-eval-incarnation",
  /** Worker to controller, on every reply: `<version of its set of sessions>;<how many run>`. */
  sessions: "x-eval-sessions",
  /** On a session's reply: `running`, `pending` or `finished`, so that a peer that routes need not read the body. */
  state: "x-eval-state",
} as const;

export function parseFeatures(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

export function intersectFeatures(first: readonly string[], ...others: (readonly string[])[]): string[] {
  return first.filter((name) => others.every((list) => list.includes(name)));
}

/** 128 random bits as hex: instances, incarnations, request ids. */
export function randomId(): string {
  return randomBytes(16).toString("hex");
}
