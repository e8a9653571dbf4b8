import { describe, expect, it } from "vitest";
import { firstWord, onlyStatement, splitStatements, withoutBackslashEscapes } from "./sql-text.js";

describe("a text of SQL", () => {
  it("is split only at the semicolons between statements", () => {
    expect(splitStatements("SELECT ';' , \";\", `;`, 'it\\';s', 'it'';s' /* ; */ -- ;\n; SELECT 2;")).toEqual([
      "SELECT ';' , \";\", `;`, 'it\\';s', 'it'';s' /* ; */ -- ;",
      "SELECT 2",
    ]);
    expect(splitStatements(" ;; -- nothing\n # nothing either")).toEqual([]);
    expect(splitStatements("SELECT 'open ; SELECT 2")).toHaveLength(2);
  });

  it("has to be one statement", () => {
    expect(onlyStatement("SELECT 1; -- done")).toBe("SELECT 1");
    expect(() => onlyStatement("DELETE FROM a; SELECT 1")).toThrow("Only one statement");
    expect(() => onlyStatement(";")).toThrow("no statement");
  });

  it("has a first word", () => {
    expect(firstWord("/* a */ -- b\n ((select 1))")).toBe("SELECT");
    expect(firstWord("attach 'x' AS y")).toBe("ATTACH");
    expect(firstWord("'x'")).toBe("");
  });

  it("loses MySQL's escapes without a change of meaning", () => {
    expect(withoutBackslashEscapes("SELECT 'it\\'s', 'a\\\\b\\n', 'c:\\%', `\\`, \"\\\"")).toBe(
      "SELECT 'it''s', 'a\\b\n', 'c:\\%', `\\`, \"\\\"",
    );
    expect(withoutBackslashEscapes("SELECT 'it''s'")).toBe("SELECT 'it''s'");
  });
});
