import { createServer } from "node:net";
import { waitFor } from "@eval/protocol/testing";
import { Redis } from "ioredis";
import { deadlineMs } from "./deadline.js";
import type { OwnedProcess } from "./owned-process.js";
import type { Stage } from "./stage.js";

export interface RedisServerOptions {
  /** More of redis-server's arguments. */
  flags?: readonly string[];
  /** `user:password@`, where it asks for one. */
  credentials?: string;
  /** One more port, for TLS; its certificates are among the flags. */
  tls?: boolean;
}

/** A Redis of one test, which may be stopped, suspended and started again. */
export class RedisServer {
  #process: OwnedProcess | undefined;

  private constructor(
    private readonly stage: Stage,
    readonly port: number,
    private readonly tlsPort: number,
    private readonly options: RedisServerOptions,
  ) {}

  static async start(stage: Stage, options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(stage, await freePort(), options.tls ? await freePort() : 0, options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${this.options.credentials ?? ""}127.0.0.1:${this.port}`;
  }

  get tlsUrl(): string {
    return `rediss://127.0.0.1:${this.tlsPort}`;
  }

  get process(): OwnedProcess {
    return this.#process as OwnedProcess;
  }

  /** With all that it had written down, where it is started again. */
  async start(): Promise<void> {
    const { flags = [] } = this.options;
    const common = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.stage.folder, "--save", ""];
    if (this.tlsPort !== 0) common.push("--tls-port", String(this.tlsPort));
    this.#process = this.stage.run("redis-server", [...common, "--appendonly", "yes", ...flags]);
    await this.#process.wrote(/Ready to accept connections/);
  }

  async stop(): Promise<void> {
    this.process.signal("SIGTERM");
    await this.process.ends();
  }

  /** One command, over a connection of its own. */
  async ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url, { maxRetriesPerRequest: 3 });
    try {
      return await command(redis);
    } finally {
      redis.disconnect();
    }
  }

  keys(): Promise<string[]> {
    return this.ask((redis) => redis.keys("*"));
  }

  /** Resolves when there is no key left. */
  async untilEmpty(): Promise<void> {
    await waitFor(
      async () => {
        const keys = await this.keys();
        if (keys.length > 0) throw new Error(`left: ${keys.join(", ")}`);
        return true;
      },
      { what: "an empty Redis", deadlineMs },
    );
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
