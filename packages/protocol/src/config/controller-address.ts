import type { Mapping } from "./mapping.js";

/** Both names are v0.2's: its programs read `controller` in one place and `controller_address` in another. */
export const controllerKeys = ["controller", "controller_address"] as const;

export interface GivenController {
  /** The name under which it was given. */
  key: (typeof controllerKeys)[number];
  /** The value as it is in the file, of any type. */
  value: unknown;
  /** The problem if both names are given and their values differ. */
  conflict?: string;
}

/** A controller's address, under either of its names; null and a missing key are the same. */
export function findController(settings: Mapping): GivenController | undefined {
  const given = controllerKeys.flatMap((key) => {
    const value = Object.hasOwn(settings, key) ? (settings[key] ?? undefined) : undefined;
    return value === undefined ? [] : [{ key, value }];
  });
  const [first, second] = given;
  if (first === undefined || second === undefined || second.value === first.value) return first;
  return {
    ...first,
    conflict:
      "controller and controller_address are two names for the same setting, but their values differ: remove one",
  };
}
