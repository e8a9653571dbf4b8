import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CodedError } from "../error.js";
import { FakeWorker } from "./fake-worker.js";

export interface FakeWorkerHostOptions {
  /** Address to listen on. */
  host: string;
  /** 0: the system chooses. */
  port: number;
  /** Where the implementation reaches it: a host, or a whole address that ends with /api. Default: `host`. */
  advertise?: string | undefined;
}

/** Far more than any request of the checks, in bytes. */
const maxBodyBytes = 4 * 1024 * 1024;

/** One listener for all fake workers: each has its own path before /api. */
export class FakeWorkerHost {
  readonly workers: FakeWorker[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });
  #prefix = "";

  /** Rejects with USAGE or PORT_IN_USE. */
  static async start(options: FakeWorkerHostOptions): Promise<FakeWorkerHost> {
    assertReachable(options);
    const host = new FakeWorkerHost();
    try {
      host.#server.listen(options.port, options.host);
      await once(host.#server, "listening");
    } catch (error) {
      throw listenError(error as NodeJS.ErrnoException, options);
    }
    host.#prefix = prefixOf(options, (host.#server.address() as AddressInfo).port);
    return host;
  }

  /** A worker whose task is not registered yet. */
  add(concurrency: number): FakeWorker {
    const worker = new FakeWorker(`${this.#prefix}/w${this.workers.length}/api`, concurrency);
    this.workers.push(worker);
    return worker;
  }

  /** An address of this host at which every connection is broken. */
  get deadAddress(): string {
    return `${this.#prefix}/nobody/api`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, number = "", route = ""] = /\/w(\d+)\/api\/(\w+)$/.exec(request.url?.split("?")[0] ?? "") ?? [];
    const text = await readText(request);
    const worker = number === "" ? undefined : this.workers[Number(number)];
    const answer = await worker?.answer(route, text === "" ? {} : JSON.parse(text));
    if (answer === undefined) return void response.destroy();
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.text);
  }
}

/** Every address is none that a controller could call. */
function assertReachable({ host, advertise }: FakeWorkerHostOptions): void {
  if (advertise === undefined && ["0.0.0.0", "::", "[::]"].includes(host)) {
    throw new CodedError(
      "USAGE",
      `--listen ${host} means every address: use --advertise to set the one that the controller calls`,
    );
  }
  const isAddress = advertise === undefined || /^[^/\s]+$/.test(advertise) || /^https?:\/\/./.test(advertise);
  if (!isAddress || !URL.canParse(prefixOf({ host, port: 0, advertise }, 0))) {
    throw new CodedError("USAGE", `--advertise ${advertise}: expected a host, or an address like http://host:7000/api`);
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error("the body is too long");
  }
  return Buffer.concat(chunks).toString("utf8");
}

function prefixOf({ host, advertise }: FakeWorkerHostOptions, port: number): string {
  if (advertise?.includes("://")) return advertise.replace(/\/api\/?$/, "").replace(/\/$/, "");
  const name = advertise ?? host;
  return `http://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}`;
}

function listenError(error: NodeJS.ErrnoException, { host, port }: FakeWorkerHostOptions): Error {
  if (error.code === "EADDRINUSE") {
    return new CodedError("PORT_IN_USE", `Port ${port} on ${host} is in use: choose another with --port`);
  }
  return new CodedError("USAGE", `The fake worker cannot listen on ${host}:${port} (${error.message}): see --listen`);
}
