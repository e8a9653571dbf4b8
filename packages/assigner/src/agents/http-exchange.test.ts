import { expect, it } from "vitest";
import { describeExchange } from "./http-exchange.js";
import { Redactor } from "./redaction.js";

const shown = (body: string, text: string) =>
  describeExchange(
    { url: new URL("http://h/"), headers: {}, body, answer: { status: 500, headers: {}, text } },
    new Redactor(["sesame"]),
  );

it("masks a body before truncating it, and hides a body that is too long to mask", () => {
  const long = JSON.stringify({ api_key: "other", text: "sesame", padding: "a".repeat(20_000) });
  const { request, answer } = shown(long, `"sesame${"a".repeat(2_000_000)}"`);
  expect(request.body).toMatch(/^\{"api_key":"\*{3}","text":"\*{3}","padding":"a+\.{3} \(20043 characters\)$/);
  expect(answer?.body).toMatch(/^\(2000008 characters, not shown: [^"]*\)$/);
});
