import { expect, test } from "vitest";
import { csvText } from "./csv.js";

test.each([
  [[["a", 1, -0.5, 1e-9]], "a,1,-0.5,1e-9\n"],
  [[["a,b", 'say "x"', "two\nlines", "cr\rhere", ""]], '"a,b","say ""x""","two\nlines","cr\rhere",\n'],
  [[["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "--", "a=b"]], `'=1+1,'+1,'-1,'@sum,'\tx,"'\rx",--,a=b\n`],
  [[['=HYPERLINK("http://x","y")']], `"'=HYPERLINK(""http://x"",""y"")"\n`],
  [[["head"], [1]], "head\n1\n"],
  [[], ""],
])("%j", (rows, text) => {
  expect(csvText(rows)).toBe(text);
});
