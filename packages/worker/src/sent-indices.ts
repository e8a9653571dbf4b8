import { digestOfIndices, type SampleIndex } from "@eval/protocol";
import type { Peer } from "@eval/protocol/http-client";

/** How a heartbeat contains the indices: the whole list, or its digest for a controller that has seen the list. */
export type GivenIndices = { indices: SampleIndex[] } | { indices_digest: string };

/**
 * Decides how a heartbeat contains the indices: as the whole list, unless the controller that answered last has the list
 * and supports digests. A v0.2 controller does not, and gets the whole list each time. If the controller was replaced
 * unnoticed, the new one requests the list, or rejects a heartbeat without it.
 */
export class SentIndices {
  readonly #digest: string;
  /** Whether the controller that answered last knows the list of the digest. */
  #isKnown = false;

  constructor(private readonly indices: readonly SampleIndex[]) {
    this.#digest = digestOfIndices(indices);
  }

  next(): GivenIndices {
    return this.#isKnown ? { indices_digest: this.#digest } : { indices: [...this.indices] };
  }

  /**
   * Processes an answer; returns whether it accepts the heartbeat. If not (the controller requested the list, or does not
   * support digests), a complete heartbeat must follow immediately.
   */
  answered(given: GivenIndices, needed: readonly string[], peer: Peer): boolean {
    this.#isKnown = peer.features.includes("indices_digest") && !needed.includes("indices");
    return "indices" in given || this.#isKnown;
  }

  /** Forgets which controller has the indices: the next one may be another. */
  forget(): void {
    this.#isKnown = false;
  }
}
