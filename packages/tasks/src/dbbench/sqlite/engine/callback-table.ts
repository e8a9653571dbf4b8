/** Types of the callbacks that SQLite is given. */
export interface Callbacks {
  /** Called now and then while a statement runs; a value other than 0 ends it. */
  progress(context: number): number;
  /** Called for each action of a statement while it is prepared: 0 allows it, 1 refuses it. */
  authorize(context: number, action: number, first: number, second: number, schema: number, trigger: number): number;
  /** The function REGEXP. */
  regexp(context: number, count: number, values: number): void;
}

const names = ["progress", "authorize", "regexp"] as const;
const i32 = 0x7f;
const types = [
  [0x60, 1, i32, 1, i32],
  [0x60, 6, i32, i32, i32, i32, i32, i32, 1, i32],
  [0x60, 3, i32, i32, i32, 0],
];

/**
 * Puts callbacks into the engine's function table; their indices there. A table takes functions of WebAssembly alone,
 * so a module of a few bytes imports ours and exports them again.
 */
export function addCallbacks(table: WebAssembly.Table, callbacks: Callbacks): Record<keyof Callbacks, number> {
  const module = new WebAssembly.Module(moduleBytes());
  const { exports } = new WebAssembly.Instance(module, {
    h: { 0: callbacks.progress, 1: callbacks.authorize, 2: callbacks.regexp },
  });
  const first = table.grow(names.length);
  for (const index of names.keys()) table.set(first + index, exports[String(index)]);
  return { progress: first, authorize: first + 1, regexp: first + 2 };
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const digits = names.map((_, index) => 0x30 + index);
  const imports = digits.map((digit, index) => [1, 0x68, 1, digit, 0, index]);
  const exports = digits.map((digit, index) => [1, digit, 0, index]);
  const sections = [section(1, types), section(2, imports), section(7, exports)];
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = [items.length, ...items.flat()];
  return [id, content.length, ...content];
}
