import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface ChatEndpointOptions {
  /** Default: any that is free. */
  port?: number;
  /** More at once are refused with 429 and `Retry-After: 1`. Default: no limit. */
  most?: number;
  /** How long each request takes, in milliseconds. */
  delayMs?: number;
  /** The first so many requests are answered when all of them are under way. Default: each for itself. */
  together?: number;
}

/** What an HttpAgent of these tests speaks to: it answers `{"text": "heard"}`. */
export class ChatEndpoint {
  /** How many requests were under way, itself among them, when each of them came. */
  readonly underWay: number[] = [];
  refused = 0;
  #now = 0;
  #areTogether: () => void = () => {};
  readonly #together = new Promise<void>((resolve) => {
    this.#areTogether = resolve;
  });

  private constructor(
    private readonly server: Server,
    private readonly options: ChatEndpointOptions,
  ) {}

  static async start(options: ChatEndpointOptions = {}): Promise<ChatEndpoint> {
    const server = createServer((_request, response) => void endpoint.#answer(response));
    const endpoint = new ChatEndpoint(server, options);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return endpoint;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The agent, as a configuration has it. */
  agent(concurrency: number) {
    const parameters = { url: `http://127.0.0.1:${this.port}/`, return_format: "{response[text]}" };
    return { module: "@eval/assigner#HttpAgent", parameters, concurrency };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(response: ServerResponse): Promise<void> {
    this.#now += 1;
    this.underWay.push(this.#now);
    const isRefused = this.#now > (this.options.most ?? Number.POSITIVE_INFINITY);
    if (this.#now >= (this.options.together ?? 0)) this.#areTogether();
    await this.#together;
    await sleep(this.options.delayMs ?? 0);
    this.#now -= 1;
    if (isRefused) this.refused += 1;
    response.writeHead(isRefused ? 429 : 200, { "content-type": "application/json", "retry-after": "1" });
    response.end(isRefused ? "slow down" : '{"text":"heard"}');
  }
}
