/** Numbers of SQLite's C interface. */
export const resultCodes = { ok: 0, interrupt: 9, row: 100, done: 101 } as const;

export const openFlags = { readWrite: 2, create: 4 } as const;

export const columnTypes = { integer: 1, float: 2, text: 3, blob: 4, null: 5 } as const;

export const limitIds = { length: 0, likePattern: 8, attached: 7, triggerDepth: 10, steps: 5 } as const;

export const actions = { attach: 24, detach: 25, pragma: 19 } as const;

/** Refuses what can damage a database from within: writes to its raw pages, to its schema table, to shadow tables. */
export const configDefensive = 1010;

/** The engine copies the bytes that it is given. */
export const transient = -1;

export const utf8Deterministic = 1 | 0x800;

/** The memory of an image belongs to the engine, and may grow. */
export const imageFlags = 1 | 2;

/** The place of an image in the engine's memory, not a copy of it. */
export const imageInPlace = 1;
