import { defineScalarTag, FAILSAFE_SCHEMA, mergeTag, NOT_RESOLVED, nullCoreTag } from "js-yaml";

/*
 * How PyYAML, with which v0.2 reads its files, interprets plain scalars: the types of YAML 1.1 (https://yaml.org/type/) with
 * PyYAML's omissions, so that `yes` is true, `1_000` and `0b11` are integers, `010` is 8, `1:30` is 90, but `y`, `08`
 * and `1e5` are texts. One thing differs: a date stays a text, since JSON has none.
 */

const truths = ["yes", "true", "on"];
const falsehoods = ["no", "false", "off"];

/** `word`, `Word` and `WORD`, as YAML 1.1 lists them; nothing in between, such as `yEs`. */
function spellings(words: readonly string[]): Set<string> {
  return new Set(words.flatMap((word) => [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()]));
}

const trueSpellings = spellings(truths);
const falseSpellings = spellings(falsehoods);

const boolTag = defineScalarTag("tag:yaml.org,2002:bool", {
  implicit: true,
  implicitFirstChars: [..."yYnNtTfFoO"],
  resolve: (source) => {
    if (trueSpellings.has(source)) return true;
    return falseSpellings.has(source) ? false : NOT_RESOLVED;
  },
  identify: (value) => typeof value === "boolean",
});

const integer = /^[-+]?(0b[01_]+|0x[\da-fA-F_]+|0[0-7_]*|[1-9][\d_]*(:[0-5]?\d)*)$/;

/** An explicit `!!int` accepts the same values as Python's `int`. */
const explicitInteger = /^[-+]?[\d_]+$/;

const intTag = defineScalarTag("tag:yaml.org,2002:int", {
  implicit: true,
  implicitFirstChars: [..."-+0123456789"],
  resolve: (source, isExplicit) => {
    if (!integer.test(source) && !(isExplicit && explicitInteger.test(source))) return NOT_RESOLVED;
    return readInteger(source) ?? NOT_RESOLVED;
  },
  identify: (value) => Number.isSafeInteger(value),
});

/** A BigInt if a number would lose digits: the loader rejects it with an error. */
function readInteger(source: string): number | bigint | undefined {
  const digits = source.replace(/[-+_]/g, "");
  const value = digits.includes(":") ? sexagesimal(digits) : bigintOf(digits);
  if (value === undefined) return undefined;
  const signed = source.startsWith("-") ? -value : value;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function bigintOf(digits: string): bigint | undefined {
  if (/^0[bx]$/.test(digits)) return undefined;
  const isOctal = /^0[0-7]+$/.test(digits);
  return BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
}

function sexagesimal(digits: string): bigint {
  return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
}

/** A point is needed, and a sign in front of an exponent: `1e5` and `1.0e5` are texts in YAML 1.1, `1.0e+5` is not. */
const float =
  /^([-+]?\d[\d_]*\.[\d_]*([eE][-+]\d+)?|\.\d[\d_]*([eE][-+]\d+)?|[-+]?\d[\d_]*(:[0-5]?\d)+\.[\d_]*|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

/** An explicit `!!float` accepts the same values as Python's `float`, except its words. */
const explicitFloat = /^[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?$/;

const floatTag = defineScalarTag("tag:yaml.org,2002:float", {
  implicit: true,
  implicitFirstChars: [..."-+.0123456789"],
  resolve: (source, isExplicit) =>
    float.test(source) || (isExplicit && explicitFloat.test(source)) ? readFloat(source) : NOT_RESOLVED,
  identify: (value) => typeof value === "number" && !Number.isSafeInteger(value),
});

function readFloat(source: string): number {
  const text = source.replace(/^[-+]|_/g, "").toLowerCase();
  if (text === ".nan") return Number.NaN;
  const value =
    text === ".inf" ? Number.POSITIVE_INFINITY : text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return source.startsWith("-") ? -value : value;
}

/** The types of a configuration file; `<<` merges. */
export const yamlSchema = FAILSAFE_SCHEMA.withTags(nullCoreTag, boolTag, intTag, floatTag, mergeTag);
