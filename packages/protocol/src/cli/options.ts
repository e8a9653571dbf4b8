import { InvalidArgumentError } from "commander";

/** Parsers of option values for commander; each throws InvalidArgumentError, which commander shows with the flag. */

/** 0 to 65535; 0 lets the system choose. */
export function portOption(text: string): number {
  return integer(text, 0, 65_535, "a port, 0 to 65535");
}

export function positiveInteger(text: string): number {
  return integer(text, 1, Number.MAX_SAFE_INTEGER, "a positive integer");
}

export function nonNegativeInteger(text: string): number {
  return integer(text, 0, Number.MAX_SAFE_INTEGER, "an integer of at least 0");
}

export function positiveNumber(text: string): number {
  const number = decimal(text);
  if (number === undefined || number <= 0) throw new InvalidArgumentError("Expected a number greater than 0.");
  return number;
}

/** Seconds, with or without the unit: `30`, `2.5`, `30s`, `500ms`, `5m`, `1h`; 0 is allowed. */
export function secondsOption(text: string): number {
  const [, digits = "", unit = "s"] = /^([\d.]+)\s*(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const number = decimal(digits);
  if (number === undefined)
    throw new InvalidArgumentError("Expected a time in seconds, or with a unit, such as 30, 2.5, 500ms or 5m.");
  return number * ({ ms: 0.001, s: 1, m: 60, h: 3600 }[unit] ?? 1);
}

function integer(text: string, least: number, most: number, what: string): number {
  const number = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
  throw new InvalidArgumentError(`Expected ${what}.`);
}

function decimal(text: string): number | undefined {
  return /^(\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : undefined;
}
