import { digestOfIndices, type SampleIndex } from "@eval/protocol";
import type { Peer } from "@eval/protocol/http-client";

/** How a heartbeat gives the indices: all of them, or what a controller that has seen them knows them by. */
export type GivenIndices = { indices: SampleIndex[] } | { indices_digest: string };

/**
 * Decides what of the indices a heartbeat has to carry: all of them, unless the controller that answered last has them
 * and says that it understands digests. A v0.2 controller never says so, and gets all of them each time. A controller
 * that was replaced unnoticed asks for them, or refuses what lacks them.
 */
export class SentIndices {
  readonly #digest: string;
  /** Whether the controller that answered last knows what the digest stands for. */
  #isKnown = false;

  constructor(private readonly indices: readonly SampleIndex[]) {
    this.#digest = digestOfIndices(indices);
  }

  next(): GivenIndices {
    return this.#isKnown ? { indices_digest: this.#digest } : { indices: [...this.indices] };
  }

  /**
   * Takes an answer over; returns whether it is one to the whole heartbeat. If not (the digest was asked about, or
   * answered by somebody who cannot have understood it), the whole has to follow at once.
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
