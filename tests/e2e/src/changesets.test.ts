import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { packagesFolder, repository } from "./harness/repository.js";

const folder = join(repository, ".changeset");
const files = readdirSync(folder).filter((name) => name.endsWith(".md"));
const packages = readdirSync(packagesFolder).map((name) => `@eval/${name}`);

describe.each(files)("the changeset %s", (file) => {
  const [, header = "", text = ""] =
    /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(readFileSync(join(folder, file), "utf8")) ?? [];

  test("names packages of this repository, and says what changed", () => {
    const bumps = Object.entries((load(header) ?? {}) as Record<string, unknown>);
    expect(bumps.length).toBeGreaterThan(0);
    for (const [name, bump] of bumps) {
      expect(packages).toContain(name);
      expect(["patch", "minor", "major"]).toContain(bump);
    }
    expect(text.trim().length).toBeGreaterThan(40);
  });
});
