import { isDeepStrictEqual } from "node:util";
import { demand, detailOf, isObject } from "./expectation.js";
import type { Reply } from "./raw-client.js";

export type Location = readonly (string | number)[];

/** A 422 whose every entry has the three fields, in v0.2's form. Returns the entries. */
export function invalid(reply: Reply): Record<string, unknown>[] {
  const expected = `${reply.call}: 422 {"detail": [{"loc": [..], "msg": .., "type": ..}, ..]}`;
  demand(reply.status === 422, expected, reply);
  const detail = detailOf(reply);
  demand(Array.isArray(detail) && detail.length > 0 && detail.every(isEntry), expected, reply);
  return detail;
}

/** A 422 that says of each of these places that a field is missing there. */
export function missing(reply: Reply, ...places: Location[]): void {
  const entries = invalid(reply);
  for (const loc of places) {
    const wanted = { loc: [...loc], msg: "field required", type: "value_error.missing" };
    const isThere = entries.some(({ loc, msg, type }) => isDeepStrictEqual({ loc, msg, type }, wanted));
    demand(isThere, `${reply.call}: 422 with ${JSON.stringify(wanted)}`, reply);
  }
}

/** A 422 about this place, of whichever type. */
export function wrongAt(reply: Reply, place: Location): void {
  const isThere = invalid(reply).some(({ loc }) => isDeepStrictEqual((loc as unknown[]).slice(0, place.length), place));
  demand(isThere, `${reply.call}: 422 about ${JSON.stringify(place)}`, reply);
}

function isEntry(entry: unknown): entry is Record<string, unknown> {
  if (!isObject(entry)) return false;
  const { loc, msg, type } = entry;
  return Array.isArray(loc) && typeof msg === "string" && typeof type === "string";
}
