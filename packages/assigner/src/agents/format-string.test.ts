import { describe, expect, test } from "vitest";
import { parseFormatString, renderFormatString } from "./format-string.js";

const fill = (template: string, value: unknown) => renderFormatString(parseFormatString(template, "response"), value);
const answer = {
  choices: [{ message: { content: "hello" } }, { message: { content: "second" } }],
  "a key": 1,
  "a:b!c}d{": "odd",
  "a.b": "dotted",
  "-1": "minus",
  nested: { deep: [1, { x: true }] },
  nothing: null,
  text: "h\u{1f600}llo",
};

describe("filled fields", () => {
  test.each([
    ["{response[choices][0][message][content]}", "hello"],
    ["{response[choices][1][message][content]}", "second"],
    ["{response.choices[0].message.content}", "hello"],
    ["{response[choices][00][message][content]}", "hello"],
    ["<{response[choices][0][message][content]}|{response[a key]}>", "<hello|1>"],
    ["{{{response[a key]}}}", "{1}"],
    ["{{response}} {response[a key]}", "{response} 1"],
    ["{response[a:b!c}d{]}", "odd"],
    ["{response[a.b]}", "dotted"],
    ["{response[-1]}", "minus"],
    ["{response[nested]}", '{"deep":[1,{"x":true}]}'],
    ["{response[nested][deep][1][x]}", "true"],
    ["{response[nothing]}", "null"],
    ["{response[text][1]}", "\u{1f600}"],
  ])("%s -> %s", (template, expected) => {
    expect(fill(template, answer)).toBe(expected);
  });

  test("a string is inserted unchanged, and is not parsed as a template again", () => {
    expect(fill("{response}", 'say {response} "now"')).toBe('say {response} "now"');
  });
});

describe("missing fields", () => {
  test.each([
    ["{response[choices][5]}", "{response[choices][5]}: no item 5 in a list of 2"],
    ["{response[choice][0]}", "no key 'choice' in a mapping with the keys choices, a key"],
    ["{response[choices][first]}", "no key 'first' in a list of 2"],
    ["{response[nested][0]}", "no item 0 in a mapping with the keys deep"],
    ["{response[nothing][x]}", "no key 'x' in null"],
    ["{response[a key].length}", "no key 'length' in a number"],
    ["{response.constructor}", "no key 'constructor'"],
    ["{response[__proto__]}", "no key '__proto__'"],
    ["{response[choices][length]}", "no key 'length' in a list of 2"],
  ])("%s", (template, message) => {
    expect(() => fill(template, answer)).toThrow(message);
  });
});

describe("refused templates", () => {
  test.each([
    ["{response!r}", "a conversion ('!r', '!s', '!a') is not supported"],
    ["{response[a]:>10}", "a format spec (':...') is not supported"],
    ["{response", "a field is not closed"],
    ["{response[a}", "a field is not closed"],
    ["a } b", "a single '}' must be written '}}' (character 3)"],
    ["{", "a field is not closed"],
    ["{}", "must start with 'response', as in {response}, not with ''"],
    ["{0}", "not with '0'"],
    ["{answer[x]}", "not with 'answer'"],
    ["{ response }", "not with ' response '"],
    ["{response[a]b}", "cannot read 'b' in {response[a]b}"],
    ["{response[]}", "cannot read '[]'"],
    ["{response.}", "cannot read '.'"],
    ["{response..a}", "cannot read '..a'"],
    ["{response{x}}", "a '{' inside a field"],
  ])("%s", (template, message) => {
    expect(() => parseFormatString(template, "response")).toThrow(message);
  });
});
