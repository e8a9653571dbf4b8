import { expect, it } from "vitest";
import { pythonText } from "../python/python-text.js";
import { mysqlValue } from "./mysql-values.js";

const cases: [number, string, string][] = [
  [3, "42", "42"],
  [8, "18446744073709551615", "18446744073709551615"],
  [5, "1.5", "1.5"],
  [5, "1e20", "1e+20"],
  [246, "12.50", "Decimal('12.50')"],
  [10, "2001-02-03", "datetime.date(2001, 2, 3)"],
  [10, "0000-00-00", "None"],
  [12, "2001-02-03 00:00:00", "datetime.datetime(2001, 2, 3, 0, 0)"],
  [7, "2001-02-03 04:05:06.25", "datetime.datetime(2001, 2, 3, 4, 5, 6, 250000)"],
  [11, "01:02:03", "datetime.timedelta(seconds=3723)"],
  [11, "-00:00:01", "datetime.timedelta(days=-1, seconds=86399)"],
  [11, "838:59:59", "datetime.timedelta(days=34, seconds=82799)"],
  [11, "00:00:00", "datetime.timedelta(0)"],
  [252, "é", "'é'"],
];

it.each(cases)("a cell of the type %i, %s, prints as Python's client has it", (columnType, text, printed) => {
  expect(pythonText(mysqlValue(Buffer.from(text), { columnType, characterSet: 45 }))).toBe(printed);
});

it("bytes stay bytes, and NULL is None", () => {
  expect(pythonText(mysqlValue(Buffer.from([0xff]), { columnType: 252, characterSet: 63 }))).toBe("b'\\xff'");
  expect(pythonText(mysqlValue(null, { columnType: 3, characterSet: 63 }))).toBe("None");
});
