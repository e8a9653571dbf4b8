import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repository } from "./harness/repository.js";

/** Phrases that readers stumbled over, each with what to write instead. See "How we write" in CONTRIBUTING.md. */
const ruledOut: readonly (readonly [RegExp, string])[] = [
  [/\bstands? above\b/i, "overrides"],
  [/\bhow-manieth\b/i, "attempt number, launch number"],
  [/\bout of reach\b/i, "unreachable"],
  [/\bin vain\b/i, "failed"],
  [/\b(?:is|are|was|were) not there\b/i, "is missing, does not exist"],
  [/\bwhat nobody\b|\bwhat is left\b|\bwho asks\b/i, "the thing itself: unclaimed attempts, the remaining samples"],
  [/\bleft alone for a while\b/i, "paused"],
  [/\bmend(?:s|ed|ing)?\b/i, "fix"],
  [/\bone's own\b|\bof your own accord\b/i, "custom, its own"],
  [/\bcould not be made\b/i, "what failed, by its name"],
  [/\b(?:re)?cent(?:re|res|red)\b/i, "center"],
  [/\b(?:behaviou?r)s?\b(?<=our|ours)/i, "behavior"],
  [/\b(?:colour|honour|favour|neighbour|labour|flavour)\w*/i, "the American spelling, with -or"],
  [
    /\b(?:recognis|normalis|serialis|initialis|summaris|optimis|organis|synchronis|finalis|minimis|maximis)\w*/i,
    "-ize",
  ],
  [/\b(?:cancelling|travelling|travelled|labelled|modelling|signalled)\b/i, "one l: canceling, traveling, labeled"],
];

const kinds = /\.(?:ts|mjs|js|md|ya?ml|json|sql)$|^\.ci\/run$/;

/** Made, or the words of others, or data. */
const leftOut =
  /(?:^|\/)(?:node_modules|dist|output|\.git|\.turbo|data)(?:\/|$)|^pnpm-lock|\/test-report\.json$|\/terms\.test\.ts$/;

const files = filesBelow("");

/** By their paths in the checkout. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (leftOut.test(path)) return [];
    if (entry.isDirectory()) return filesBelow(path);
    return kinds.test(path) ? [path] : [];
  });
}

describe("the words of the project", () => {
  test.each(ruledOut.map(([phrase, better]) => ({ phrase, better })))("$phrase is written: $better", ({ phrase }) => {
    const found = files.flatMap((file) => {
      const lines = readFileSync(join(repository, file), "utf8").split("\n");
      return lines.flatMap((line, at) =>
        phrase.test(line) ? [`${file}:${at + 1}: ${line.trim().slice(0, 160)}`] : [],
      );
    });
    expect(found).toEqual([]);
  });

  test("are looked for everywhere", () => {
    expect(files.length).toBeGreaterThan(500);
    expect(files).toContain("README.md");
  });
});

describe("the check itself", () => {
  test.each([
    ["--runner stands above it", 0],
    ["the how-manieth attempt", 1],
    ["a centre of dispatch", 10],
    ["the same behaviours", 11],
  ])("finds %j", (text, at) => {
    expect(ruledOut.flatMap(([phrase], index) => (phrase.test(text) ? [index] : []))).toEqual([at]);
  });

  test("lets the good words be", () => {
    const good =
      "It overrides the behavior of the center; the recent attempt number is canceled; amend a commit; recommended.";
    expect(ruledOut.filter(([phrase]) => phrase.test(good))).toEqual([]);
  });
});
