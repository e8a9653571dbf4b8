import { describe, expect, it } from "vitest";
import { hashText, reportedHash, sameHash, tableHash } from "./table-hash.js";

describe("the hash of a table", () => {
  it("does not depend on the order of the rows", () => {
    const rows = ["a,1", "b,2", "ü,3"];
    expect(tableHash(rows)).toEqual(tableHash([...rows].reverse()));
    expect(tableHash(rows)).not.toEqual(tableHash(rows.slice(1)));
  });

  it("is null for no rows, and prints as Python's client prints it", () => {
    expect(tableHash([])).toBeNull();
    expect(hashText(null)).toBe("[(None,)]");
    expect(reportedHash(null, "[(None,)]")).toBe("[(None,)]");
    expect(sameHash("[('abc',)]", " [('abc',)]\n")).toBe(true);
  });

  it("matches one that a server with the default limit cut at 1,024 bytes", () => {
    const rows = Array.from({ length: 300 }, (_, index) => `row ${index}`);
    const hash = tableHash(rows);
    expect(hash?.cut).not.toBe(hash?.whole);
    expect(reportedHash(hash, hashText(hash?.cut ?? ""))).toBe(hashText(hash?.cut ?? ""));
    expect(reportedHash(hash, hashText("other"))).toBe(hashText(hash?.whole ?? ""));
    const few = tableHash(rows.slice(0, 170));
    expect(few?.cut).toBe(few?.whole);
  });
});
