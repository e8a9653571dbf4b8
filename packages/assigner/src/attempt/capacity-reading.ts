/** A controller's reading for one task. */
export interface CapacityReading {
  /** Unclaimed units of capacity. */
  free: number;
  /** Live workers. */
  workers: number;
}
