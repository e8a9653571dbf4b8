/** One entry of a 422: where, what, and its kind. */
export type Entry = [loc: (string | number)[], msg: string, type: string];

export const missing = (...loc: (string | number)[]): Entry => [
  ["body", ...loc],
  "field required",
  "value_error.missing",
];
export const none = (...loc: (string | number)[]): Entry => [
  ["body", ...loc],
  "none is not an allowed value",
  "type_error.none.not_allowed",
];
export const notInteger = (...loc: (string | number)[]): Entry => [
  ["body", ...loc],
  "value is not a valid integer",
  "type_error.integer",
];
export const notText = (...loc: (string | number)[]): Entry => [
  ["body", ...loc],
  "str type expected",
  "type_error.str",
];
export const notDict = (...loc: (string | number)[]): Entry => [
  ["body", ...loc],
  "value is not a valid dict",
  "type_error.dict",
];
export const notList = (...loc: (string | number)[]): Entry => [
  ["body", ...loc],
  "value is not a valid list",
  "type_error.list",
];
export const notMember = (permitted: string, ...loc: (string | number)[]): Entry => [
  ["body", ...loc],
  `value is not a valid enumeration member; permitted: ${permitted}`,
  "type_error.enum",
];

/** Status and JSON of a 422 in the form of v0.2, with the texts of pydantic 1.10. */
export const unprocessable = (...entries: Entry[]) => [
  422,
  { detail: entries.map(([loc, msg, type]) => ({ loc, msg, type })) },
];
export const agentStatuses = "'normal', 'cancelled', 'agent context limit'";
export const sampleStatuses =
  "'running', 'completed', 'agent context limit', 'agent validation failed', 'agent invalid action', " +
  "'task limit reached', 'unknown', 'task error'";
