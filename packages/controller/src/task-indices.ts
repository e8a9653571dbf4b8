import { CodedError, digestOfIndices, type SampleIndex, type WholeHeartbeat } from "@eval/protocol";

interface KnownIndices {
  indices: readonly SampleIndex[];
  digest: string;
}

/** A list that was found by its digest is the task's own list, so nothing is compared. */
export function sameList(first: readonly SampleIndex[], second: readonly SampleIndex[]): boolean {
  if (first === second) return true;
  return first.length === second.length && first.every((index, position) => index === second[position]);
}

/** The error for a new worker, with the difference between the lists. `where`: a worker that has the known indices. */
export function indicesMismatch(
  { indices, digest }: KnownIndices,
  where: string | undefined,
  { name, address, indices: given }: WholeHeartbeat,
): CodedError {
  const theirs = `${indices.length} (${digest.slice(0, 12)})`;
  const brought = `${given.length} (${digestOfIndices(given).slice(0, 12)})`;
  const detail = "Error: Task already exists with different indices";
  const message = `${detail}: ${name} has ${theirs} at ${where}, ${address} brings ${brought}`;
  return new CodedError("INDICES_MISMATCH", message);
}
