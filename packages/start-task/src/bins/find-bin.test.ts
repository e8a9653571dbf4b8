import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packagesFolder, Workspace } from "../testing/workspace.js";
import { findBin } from "./find-bin.js";

const real = join(packagesFolder, "worker/bin.js");

describe("findBin", () => {
  let workspace: Workspace;
  const install = (folder: string, name = "worker") => {
    workspace.write(`${folder}/@eval/${name}/package.json`, JSON.stringify({ bin: { [`eval-${name}`]: "./run.js" } }));
    return workspace.write(`${folder}/@eval/${name}/run.js`, "");
  };

  beforeEach(() => {
    workspace = new Workspace({ installed: false });
  });

  afterEach(() => workspace.remove());

  it("takes the first folder from which the package can be resolved", () => {
    const file = install("configs/node_modules");
    expect(findBin("worker", { folders: [workspace.dir, join(workspace.dir, "configs/deep")] })).toBe(file);
    const nearer = install("node_modules");
    expect(findBin("worker", { folders: [workspace.dir, join(workspace.dir, "configs")] })).toBe(nearer);
    expect(findBin("controller", { folders: [workspace.dir] })).toBeUndefined();
  });

  it("follows links, because a bin's own dependencies are next to the real file", () => {
    mkdirSync(join(workspace.dir, "node_modules/@eval"), { recursive: true });
    symlinkSync(join(packagesFolder, "worker"), join(workspace.dir, "node_modules/@eval/worker"), "dir");
    expect(findBin("worker", { folders: [workspace.dir] })).toBe(real);
  });

  it("uses the target of a link on the PATH", () => {
    const folder = join(workspace.dir, "bin");
    mkdirSync(folder);
    symlinkSync(real, join(folder, "eval-worker"));
    expect(findBin("worker", { folders: [], path: `/nowhere:${folder}` })).toBe(real);
  });

  it.each(["node_modules", "lib/node_modules"])("takes the package of a script on PATH, in %s", (home) => {
    const file = install(home);
    const bin = home === "node_modules" ? "node_modules/.bin" : "bin";
    workspace.write(`${bin}/eval-worker`, "#!/bin/sh\n");
    expect(findBin("worker", { folders: [], path: join(workspace.dir, bin) })).toBe(file);
  });
});
