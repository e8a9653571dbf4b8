import { createRequire } from "node:module";
import type * as Winston from "winston";
import { CodedError } from "./error.js";
import { jsonLine, type LogRecord, prettyLine } from "./log-format.js";

export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ["pretty", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

/** The data of a log line in addition to its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the packages log to; any object of this shape will do. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** The lowest level that is written. Default `info`. */
  level?: LogLevel | undefined;
  /** Default: `pretty` where the stream is a terminal, else `json`. */
  format?: LogFormat | undefined;
  /** Who writes, say `controller`. */
  label?: string | undefined;
  /** Applied to the message and to every text in the fields. */
  redact?: ((text: string) => string) | undefined;
  /** Default: stderr, since stdout belongs to results. */
  stream?: (NodeJS.WritableStream & { isTTY?: boolean }) | undefined;
  /** Colors for `pretty`. Default: where the stream is a terminal. */
  color?: boolean | undefined;
}

/** Writes lines for people or, as JSON, for programs. Throws USAGE for an unknown level or format. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const stream = options.stream ?? process.stderr;
  const level = checked("level", options.level ?? "info", logLevels);
  const format = checked("format", options.format ?? (stream.isTTY === true ? "pretty" : "json"), logFormats);
  const color = options.color ?? stream.isTTY === true;
  const redact = options.redact ?? ((text: string) => text);
  const { createLogger: create, format: formats, transports } = loadWinston();
  const logger = create({
    level,
    levels: Object.fromEntries(logLevels.map((name, order) => [name, order])),
    format: formats.printf((info) => {
      const record = info.record as LogRecord;
      return format === "json" ? jsonLine(record, redact) : prettyLine(record, redact, color);
    }),
    transports: [new transports.Stream({ stream, eol: "\n" })],
  });
  const write = (name: LogLevel, message: string, fields: LogFields) => {
    // In a property of its own: winston gives `message`, `level` and `stack` among the fields a meaning.
    const record: LogRecord = { time: new Date(), level: name, label: options.label, message, fields };
    logger.log({ level: name, message, record });
  };
  return loggerOver(write, {});
}

/** Writes nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

function loggerOver(write: (level: LogLevel, message: string, fields: LogFields) => void, always: LogFields): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    write(level, message, { ...always, ...fields });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => loggerOver(write, { ...always, ...fields }),
  };
}

/** Loaded by the first logger only: whoever takes types or {@link silentLogger} from here need not have it. */
function loadWinston(): typeof Winston {
  try {
    return createRequire(import.meta.url)("winston") as typeof Winston;
  } catch (cause) {
    throw new CodedError("MODULE_NOT_FOUND", "createLogger requires winston: npm install winston", { cause });
  }
}

function checked<Name extends string>(what: string, name: string, known: readonly Name[]): Name {
  const found = known.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  throw new CodedError("USAGE", `unknown log ${what} ${JSON.stringify(name)}; known: ${known.join(", ")}`);
}
