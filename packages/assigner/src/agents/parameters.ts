import { CodedError } from "@eval/protocol";

export type Mapping = Record<string, unknown>;

/** The longest time limit, in seconds: the maximum of a Node timer. */
const MAX_SECONDS = 2_147_483;

/**
 * Reads an agent's parameters and collects every problem, so that a user can fix them all at once. A method that finds a
 * problem records it and returns a placeholder; {@link finish} throws. Messages contain no values, which may be secrets.
 */
export class ParameterReader {
  readonly #problems: string[] = [];

  /** `owner` is the agent's public name; null counts as a missing key. */
  constructor(
    private readonly owner: string,
    private readonly parameters: Mapping,
  ) {}

  report(key: string, problem: string): void {
    this.#problems.push(`parameters.${key}: ${problem}`);
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined;
  }

  /** A string; without a `fallback` it is required and must not be empty. */
  text(key: string, fallback?: string): string {
    const value = this.#get(key);
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === "string" && (value !== "" || fallback !== undefined)) return value;
    this.report(key, value === undefined || value === "" ? "is required" : `must be a string, not ${kindOf(value)}`);
    return fallback ?? "";
  }

  mapping(key: string): Mapping {
    const value = this.#get(key);
    if (value === undefined) return {};
    if (isMapping(value)) return value;
    this.report(key, `must be a mapping, not ${kindOf(value)}`);
    return {};
  }

  number(key: string, check: { minimum?: number; integer?: boolean } = {}): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    const { minimum = Number.NEGATIVE_INFINITY, integer = false } = check;
    if (
      typeof value === "number" &&
      value >= minimum &&
      (integer ? Number.isSafeInteger(value) : Number.isFinite(value))
    )
      return value;
    const bound = minimum === Number.NEGATIVE_INFINITY ? "" : ` of at least ${minimum}`;
    const given = typeof value === "number" ? String(value) : kindOf(value);
    this.report(key, `must be ${integer ? "an integer" : "a number"}${bound}, not ${given}`);
    return undefined;
  }

  /** A time limit in seconds, more than 0. */
  seconds(key: string, fallback: number): number {
    const value = this.number(key, { minimum: 0 });
    if (value === undefined) return fallback;
    if (value > 0 && value <= MAX_SECONDS) return value;
    this.report(key, `must be more than 0 and at most ${MAX_SECONDS} seconds`);
    return fallback;
  }

  /** The result of `build`; an exception's message becomes a problem of `key`. */
  attempt<Value>(key: string, build: () => Value): Value | undefined {
    try {
      return build();
    } catch (error) {
      this.report(key, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  refuseUnknown(known: readonly string[]): void {
    for (const key of Object.keys(this.parameters)) {
      if (!known.includes(key)) this.report(key, `is unknown; known parameters are ${known.join(", ")}`);
    }
  }

  /** @throws CodedError CONFIG_INVALID that lists every problem. */
  finish(): void {
    if (this.#problems.length === 0) return;
    const list = this.#problems.map((problem) => `\n  - ${problem}`).join("");
    throw new CodedError("CONFIG_INVALID", `The agent ${this.owner} cannot be built:${list}`);
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.parameters, key) ? (this.parameters[key] ?? undefined) : undefined;
  }
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : `a ${typeof value}`;
}
