import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { EngineLink } from "./engine-link.js";

/**
 * The threads of a task's engines. One whose engine is as it was at its start is lent again; one that
 * needed more memory, or ran a long statement, is ended.
 */
export class EngineThreads {
  readonly #idle: EngineLink[] = [];
  readonly #links = new Set<EngineLink>();
  #released = false;

  private constructor(private readonly module: WebAssembly.Module) {}

  /** Compiles the engine, once for all threads. */
  static async open(): Promise<EngineThreads> {
    const file = createRequire(import.meta.url).resolve("@sqlite.org/sqlite-wasm/sqlite3.wasm");
    return new EngineThreads(await WebAssembly.compile(await readFile(file)));
  }

  take(): EngineLink {
    const idle = this.#idle.pop();
    if (idle && !idle.lost) return idle;
    const link = new EngineLink(this.module);
    this.#links.add(link);
    return link;
  }

  /** Takes back a thread whose engine was closed. */
  giveBack(link: EngineLink, clean: boolean): void {
    if (clean && !link.lost && !this.#released) this.#idle.push(link);
    else void this.end(link);
  }

  /** Ends a thread; resolves when it is gone. */
  async end(link: EngineLink): Promise<void> {
    await link.terminate();
    this.#links.delete(link);
  }

  /** Ends all threads; resolves when they are gone. */
  async release(): Promise<void> {
    this.#released = true;
    await Promise.all([...this.#links].map((link) => this.end(link)));
  }
}
