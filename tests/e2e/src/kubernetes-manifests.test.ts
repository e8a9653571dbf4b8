import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { Deployment, StatefulSet } from "kubernetes-models/apps/v1";
import { Job } from "kubernetes-models/batch/v1";
import { PersistentVolumeClaim, Service } from "kubernetes-models/v1";
import { describe, expect, test } from "vitest";
import { OwnedProcess } from "./harness/owned-process.js";
import { type BinName, binFile, repository } from "./harness/repository.js";

interface Manifest {
  apiVersion: string;
  kind: string;
  spec: { template?: { spec: { containers: { command?: string[] }[] } } };
}

/** The schemas of Kubernetes' own API, by kind. */
const models = { Deployment, Job, PersistentVolumeClaim, Service, StatefulSet };

const folder = join(repository, "docs/kubernetes");
const manifests = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .flatMap((name) =>
    (loadAll(readFileSync(join(folder, name), "utf8")) as Manifest[]).map((one) => [name, one] as const),
  );

describe("the manifests in docs/kubernetes", () => {
  test.each(manifests)("%s fits Kubernetes' schemas", (_name, manifest) => {
    const Model = models[manifest.kind as keyof typeof models];
    expect(Model, `the schema of ${manifest.kind}`).toBeDefined();
    const model = new Model(manifest as never);
    expect(model.apiVersion).toBe(manifest.apiVersion);
    model.validate();
  });

  test("are rejected if they contain a mistake", () => {
    const [, deployment] = manifests.find(([, { kind }]) => kind === "Deployment") as (typeof manifests)[number];
    const slip = { ...deployment, spec: { ...deployment.spec, replicas: "four" } };
    expect(() => new Deployment(slip as never).validate()).toThrow(/replicas/);
  });

  test.each(commands())("give %s flags that it has: %j", async (bin, args) => {
    const help = new OwnedProcess(
      process.execPath,
      [binFile(bin), ...(args[0] === "runner" ? ["runner"] : []), "--help"],
      {
        cwd: repository,
        env: process.env,
        isOwner: false,
      },
    );
    expect(await help.ends(), help.report).toMatchObject({ code: 0 });
    for (const flag of args.filter((arg) => arg.startsWith("--"))) expect(help.stdout).toContain(`${flag} `);
  });
});

function commands(): [BinName, string[]][] {
  const containers = manifests.flatMap(([, { spec }]) => spec.template?.spec.containers ?? []);
  return containers.flatMap(({ command: [bin = "", ...args] = [] }) =>
    bin.startsWith("eval-") ? [[bin.slice("eval-".length) as BinName, args]] : [],
  );
}
