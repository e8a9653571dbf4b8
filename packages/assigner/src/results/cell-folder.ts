import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** One epoch of a cell: the unit that has its own journal. */
export interface CellRef {
  agent: string;
  task: string;
  /** Counted from 1. */
  epoch: number;
}

export const fileNames = {
  runs: "runs.jsonl",
  error: "error.jsonl",
  late: "late.jsonl",
  overall: "overall.json",
  overallSource: "overall.source.json",
  epochs: "epochs.json",
  lock: ".lock",
  config: "config.yaml",
  plan: "plan.json",
} as const;

/** `{output}/{agent}/{task}` for epoch 1, its subfolder `epoch-k` for the others. */
export function cellFolder(output: string, { agent, task, epoch }: CellRef): string {
  const folder = join(output, safeSegment(agent), safeSegment(task));
  return epoch === 1 ? folder : join(folder, `epoch-${epoch}`);
}

/** The epochs in a cell's folder, in order; always includes 1. */
export async function epochsIn(output: string, cell: { agent: string; task: string }): Promise<number[]> {
  const names = await readdir(cellFolder(output, { ...cell, epoch: 1 })).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const epochs = names.map((name) => Number(/^epoch-([1-9]\d{0,5})$/.exec(name)?.[1]));
  return [1, ...epochs.filter((epoch) => epoch > 1).sort((one, other) => one - other)];
}

/** Separators, characters that Windows forbids in names, control characters, unpaired surrogates, and the escape character itself. */
const unsafe = /[/\\:*?"<>|%\p{Cc}\p{Cs}]/gu;

/** Names that mean a device on Windows, with any extension. */
const device = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

const ownNames: ReadonlySet<string> = new Set(Object.values(fileNames));

/** Most file systems allow 255 bytes; a shortened name ends with `%-` and a hash of the full name. */
const maxBytes = 200;
const cutCharacters = 40;

/**
 * Converts a name to one path segment that is safe on every file system. A safe name is not changed, so that v0.2's
 * folders match; otherwise each dangerous character becomes `%` and its code in hex. Different names give different
 * segments (but file systems that ignore case may still treat two of them as equal).
 */
export function safeSegment(name: string): string {
  if (name === "") return "%";
  let segment = name.replace(unsafe, escaped);
  if (/^\.+$/.test(segment)) segment = segment.replaceAll(".", "%2E");
  if (device.test(segment) || ownNames.has(segment)) segment = escaped(segment.charAt(0)) + segment.slice(1);
  segment = segment.replace(/[. ]$/, escaped);
  if (Buffer.byteLength(segment) <= maxBytes) return segment;
  const hash = createHash("sha256").update(segment).digest("hex").slice(0, 32);
  return `${[...segment].slice(0, cutCharacters).join("")}%-${hash}`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase();
  return code.length > 2 ? `%u${code.padStart(4, "0")}` : `%${code.padStart(2, "0")}`;
}
