/** How many errors one message tells of, causes and members of an AggregateError counted together. */
const maxErrors = 20;

/** How many members of one AggregateError are told. */
const maxMembers = 5;

interface Telling {
  left: number;
  /** The errors whose causes or members are being told: a chain that comes back to one of them ends there. */
  above: Set<unknown>;
}

/**
 * The message of anything that was thrown, with the messages of its causes. Never throws, whatever it is given: it
 * runs where another error is being told, and must not take that one's place.
 */
export function messageOf(error: unknown): string {
  return tell(error, { left: maxErrors, above: new Set() }) ?? "an error without a message";
}

/** Undefined if the error is being told already, or the message is long enough. */
function tell(error: unknown, telling: Telling): string | undefined {
  if (telling.left <= 0 || telling.above.has(error)) return undefined;
  telling.left -= 1;
  if (!isError(error)) return textOf(error);
  telling.above.add(error);
  const text = tellError(error, telling);
  telling.above.delete(error);
  return text;
}

function tellError(error: Error, telling: Telling): string {
  const message = nonEmpty(read(error, "message"));
  if (message === undefined && error instanceof AggregateError) {
    const members = tellMembers(read(error, "errors"), telling);
    if (members !== undefined) return members;
  }
  const own = message ?? nonEmpty(read(error, "name")) ?? "Error";
  const cause = read(error, "cause");
  const why = cause === undefined ? undefined : tell(cause, telling);
  return why === undefined ? own : `${own}: ${why}`;
}

function tellMembers(errors: unknown, telling: Telling): string | undefined {
  if (!Array.isArray(errors)) return undefined;
  const told = errors.slice(0, maxMembers).map((error) => tell(error, telling));
  const texts = told.filter((text) => text !== undefined);
  if (texts.length === 0) return undefined;
  const more = errors.length - texts.length;
  return texts.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    // A proxy may refuse even that question.
    return false;
  }
}

/** A property, or undefined if its getter throws. */
function read(error: Error, key: "message" | "name" | "cause" | "errors"): unknown {
  try {
    return (error as Error & { errors?: unknown })[key];
  } catch {
    return undefined;
  }
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    // An object without a usable toString, such as Object.create(null).
    return `a value of type ${typeof value}`;
  }
}
