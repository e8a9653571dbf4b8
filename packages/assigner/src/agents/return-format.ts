import { parseFormatString, renderFormatString } from "./format-string.js";

/** Extracts the agent's text from the endpoint's answer. @throws MissingFieldError if the answer lacks a field. */
export type ReturnFormat = (response: unknown) => string;

export const DEFAULT_RETURN_FORMAT = "{response}";

/**
 * Parses a Python format string over `response`, such as `{response[choices][0][message][content]}`. `[0]` is an integer
 * index, `[choices]` and `.choices` are keys. A field that is not a string gives its JSON.
 * @throws Error if the template is malformed, or uses a conversion or a format spec.
 */
export function parseReturnFormat(template: string): ReturnFormat {
  const format = parseFormatString(template, "response");
  if (!format.some((part) => typeof part !== "string")) {
    throw new Error("has no field, so every answer would have the same text; use {response} or a part of it");
  }
  return (response) => renderFormatString(format, response);
}
