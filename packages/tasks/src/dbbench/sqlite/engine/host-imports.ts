import { getRandomValues } from "node:crypto";

/** errno ENOSYS of the engine's C library. */
const notSupported = 52;

/** The one path that can be opened: where the engine seeds its random numbers. */
const randomSource = "/dev/urandom";
const randomDescriptor = 100;

/** Bytes of one page of WebAssembly memory. */
export const wasmPageBytes = 65_536;

/** Number of pages that the engine needs at its start (8 MiB). */
export const initialPages = 128;

/** The memory grows by at least this many pages (1 MiB). */
const leastGrowth = 16;

type HostFunction = (...parameters: number[]) => number;

/**
 * All that the engine can reach: its own memory, the clock and random numbers. Every other import, such as those for
 * files, fails. So there is no file system, not even an empty one.
 */
export function hostImports(module: WebAssembly.Module, memory: WebAssembly.Memory, mostPages: number) {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
    imports[space] ??= {};
    if (kind === "function") imports[space][name] = () => (space === "env" ? -notSupported : notSupported);
  }
  Object.assign(imports.env ?? {}, { memory, ...memoryGrowth(memory, mostPages), ...clock(memory) });
  Object.assign(imports.env ?? {}, { __syscall_openat: openRandomSource(memory) });
  Object.assign(imports.wasi_snapshot_preview1 ?? {}, randomReads(memory), { ...emptyEnvironment(memory) });
  return imports;
}

function memoryGrowth(memory: WebAssembly.Memory, mostPages: number): Record<string, HostFunction> {
  return {
    emscripten_get_heap_max: () => mostPages * wasmPageBytes,
    emscripten_resize_heap: (bytes = 0) => {
      const pages = memory.buffer.byteLength / wasmPageBytes;
      const needed = Math.ceil((bytes >>> 0) / wasmPageBytes) - pages;
      const growth = Math.min(Math.max(needed, leastGrowth), mostPages - pages);
      if (growth < needed) return 0;
      memory.grow(growth);
      return 1;
    },
  };
}

/** The engine's time zone is UTC: an agent learns nothing of the host's. */
function clock(memory: WebAssembly.Memory): Record<string, unknown> {
  return {
    emscripten_date_now: () => Date.now(),
    emscripten_get_now: () => performance.now(),
    _tzset_js: (zone: number, daylight: number, name: number, daylightName: number) => {
      const view = new DataView(memory.buffer);
      view.setInt32(zone, 0, true);
      view.setInt32(daylight, 0, true);
      for (const at of [name, daylightName]) new Uint8Array(memory.buffer).set(Buffer.from("UTC\0"), at);
    },
    _localtime_js: (seconds: bigint, at: number) => {
      const date = new Date(Number(seconds) * 1000);
      const year = date.getUTCFullYear();
      const day = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000);
      const clockFields = [date.getUTCSeconds(), date.getUTCMinutes(), date.getUTCHours()];
      const dateFields = [date.getUTCDate(), date.getUTCMonth(), year - 1900, date.getUTCDay(), day];
      new Int32Array(memory.buffer, at, 10).set([...clockFields, ...dateFields, 0, 0]);
    },
  };
}

function openRandomSource(memory: WebAssembly.Memory): HostFunction {
  return (_folder, path = 0) => {
    const bytes = new Uint8Array(memory.buffer, path, randomSource.length + 1);
    return Buffer.from(bytes).equals(Buffer.from(`${randomSource}\0`)) ? randomDescriptor : -notSupported;
  };
}

function randomReads(memory: WebAssembly.Memory): Record<string, HostFunction> {
  return {
    fd_close: () => 0,
    fd_read: (descriptor, vectors = 0, count = 0, total = 0) => {
      if (descriptor !== randomDescriptor) return notSupported;
      const view = new DataView(memory.buffer);
      let bytes = 0;
      for (let at = vectors; at < vectors + count * 8; at += 8) {
        const length = view.getUint32(at + 4, true);
        getRandomValues(new Uint8Array(memory.buffer, view.getUint32(at, true), length));
        bytes += length;
      }
      view.setUint32(total, bytes, true);
      return 0;
    },
  };
}

function emptyEnvironment(memory: WebAssembly.Memory): Record<string, HostFunction> {
  return {
    environ_get: () => 0,
    environ_sizes_get: (count = 0, bytes = 0) => {
      const view = new DataView(memory.buffer);
      view.setUint32(count, 0, true);
      view.setUint32(bytes, 0, true);
      return 0;
    },
  };
}
