import { describe, expect, test } from "vitest";
import { formatSeconds, renderSummary, type SummaryRow } from "./summary.js";

const row: SummaryRow = {
  agent: "model",
  task: "db",
  done: 9,
  failed: 1,
  failures: { AGENT_FAILED: 1 },
  remaining: 0,
  taskErrors: 0,
  metric: { name: "accuracy", value: 1 / 3 },
  seconds: 4.16,
};

describe("the table", () => {
  test("shows a row for each cell", () => {
    const text = renderSummary([row, { ...row, agent: "other", metric: undefined, seconds: undefined }]);
    const lines = text.split("\n").filter((line) => /[a-z]/.test(line));
    expect(
      lines.map((line) =>
        line
          .split("│")
          .map((part) => part.trim())
          .filter(Boolean),
      ),
    ).toEqual([
      ["agent", "task", "done", "failed", "remaining", "metric", "time"],
      ["model", "db", "9", "1", "0", "accuracy 0.3333", "4.2 s"],
      ["other", "db", "9", "1", "0"],
    ]);
    expect(text).not.toContain("\u001b");
  });

  test("shows the mean of several epochs with its standard error", () => {
    const metric = { name: "accuracy", value: 0.5, standardError: 0.0288675, epochs: 3 };
    expect(renderSummary([{ ...row, metric }])).toContain("accuracy 0.5 ± 0.0289 (3 epochs)");
  });

  test("shows task errors if there are any", () => {
    expect(renderSummary([row])).not.toContain("task errors");
    expect(renderSummary([{ ...row, taskErrors: 2 }])).toContain("task errors");
  });

  test("shows samples that exceeded a limit separately, if there are any", () => {
    expect(renderSummary([row])).not.toMatch(/timed out|turn limit/);
    const text = renderSummary([{ ...row, failures: { SAMPLE_TIMEOUT: 7 } }, row]);
    expect(text).toMatch(/failed │ timed out │ remaining/);
    expect(text).toMatch(/│ +1 │ +7 │ +0 │/);
    expect(text).toMatch(/│ +1 │ +0 │ +0 │/);
  });
});

test.each([
  [0, "0.0 s"],
  [59.97, "1 m 00 s"],
  [185, "3 m 05 s"],
  [7_620, "2 h 07 m"],
])("%s seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
