import { parseFormatString, renderFormatString } from "./format-string.js";

/** Takes the agent's text out of the endpoint's answer. @throws MissingFieldError where the answer lacks a field. */
export type ReturnFormat = (response: unknown) => string;

export const DEFAULT_RETURN_FORMAT = "{response}";

/**
 * Reads a Python format string over `response`, such as `{response[choices][0][message][content]}`. `[0]` is an
 * integer index, `[choices]` and `.choices` are keys. A field that is not a text gives its JSON.
 * @throws Error on a template that is malformed, or uses a conversion or a format spec.
 */
export function parseReturnFormat(template: string): ReturnFormat {
  const format = parseFormatString(template, "response");
  if (!format.some((part) => typeof part !== "string")) {
    throw new Error("has no field, so that every answer would be the same text; write {response} or a part of it");
  }
  return (response) => renderFormatString(format, response);
}
