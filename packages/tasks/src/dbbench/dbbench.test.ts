import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DBBench, DBBenchReferenceAgent } from "../index.js";

const line = {
  description: "Which?",
  type: ["other"],
  table: { table_name: "t", table_info: { columns: [{ name: "a" }], rows: [["1"]] } },
  label: ["1"],
};

let configDir: string;
beforeAll(async () => {
  configDir = await mkdtemp(path.join(tmpdir(), "dbbench-"));
});
afterAll(() => rm(configDir, { recursive: true }));

async function dataFile(...lines: string[]): Promise<string> {
  await writeFile(path.join(configDir, "data.jsonl"), lines.join("\n"));
  return "data.jsonl";
}

describe("building DBBench", () => {
  it("reports every wrong parameter at once", async () => {
    const parameters = { concurrency: 0, max_round: 1.5, database: "postgres://x/", statement_timeout_s: -1 };
    const building = DBBench({ parameters, configDir });
    await expect(building).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    for (const key of [...Object.keys(parameters), "data_file"]) {
      await expect(building).rejects.toThrow(`parameters.${key}: `);
    }
  });

  it("uses its defaults and ignores other keys of v0.2's files", async () => {
    const data_file = await dataFile(JSON.stringify(line), "");
    const task = await DBBench({ parameters: { data_file, docker: { image: "x" }, language: "en" }, configDir });
    expect(task).toMatchObject({ name: "dbbench", concurrency: 8, version: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(await task.getIndices()).toEqual([0]);
  });

  it("reports where it searched for a data file", async () => {
    const building = DBBench({ parameters: { data_file: "data/none.jsonl" }, configDir });
    await expect(building).rejects.toMatchObject({ code: "CONFIG_NOT_FOUND" });
    for (const dir of [process.cwd(), configDir]) {
      await expect(building).rejects.toThrow(path.join(dir, "data/none.jsonl"));
    }
    await expect(DBBenchReferenceAgent({ parameters: { data_file: "none" }, configDir })).rejects.toThrow("Searched");
  });

  it("reports every malformed line with its number", async () => {
    const bare = JSON.stringify({ ...line, type: ["INSERT"], label: ["INSERT ..."] });
    const data_file = await dataFile(JSON.stringify(line), "{", "", JSON.stringify({ ...line, label: 1 }), bare);
    const building = DBBench({ parameters: { data_file }, configDir });
    await expect(building).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(building).rejects.toThrow(
      /data\.jsonl:2: not JSON[\s\S]*:4: label: [\s\S]*:5: answer_md5: is required/,
    );
    await dataFile("", "");
    await expect(DBBench({ parameters: { data_file }, configDir })).rejects.toThrow("contains no samples");
  });

  it("reports an unreachable server, without its password", async () => {
    const data_file = await dataFile(JSON.stringify(line));
    const building = DBBench({ parameters: { data_file, database: "mysql://someone:secret@127.0.0.1:1/" }, configDir });
    await expect(building).rejects.toMatchObject({ code: "START_FAILED" });
    await expect(building).rejects.toThrow("mysql://someone:***@127.0.0.1:1/");
    await expect(building).rejects.toThrow("ECONNREFUSED");
  });
});
