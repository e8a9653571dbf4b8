import type { SampleDatabase } from "./database.js";

/** The databases of a server that are in use, those in the making included. */
export class OpenDatabases<Database extends SampleDatabase> {
  readonly #open = new Set<Database>();
  readonly #making = new Set<Promise<Database>>();
  #closed = false;

  async add(make: () => Promise<Database>): Promise<Database> {
    if (this.#closed) throw new Error("The task was released: no more samples can start");
    const making = make();
    this.#making.add(making);
    try {
      const database = await making;
      this.#open.add(database);
      return database;
    } finally {
      this.#making.delete(making);
    }
  }

  remove(database: Database): void {
    this.#open.delete(database);
  }

  /** Drops all of them; none can be added any more. */
  async dropAll(): Promise<void> {
    this.#closed = true;
    const made = await Promise.allSettled(this.#making);
    const last = made.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
    await Promise.all([...new Set([...this.#open, ...last])].map((database) => database.drop()));
  }
}
