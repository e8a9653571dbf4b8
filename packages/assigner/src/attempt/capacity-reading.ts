/** What a controller says of one task. */
export interface CapacityReading {
  /** Units that nobody has claimed. */
  free: number;
  /** Live workers. */
  workers: number;
}
