import { type ClientRequestArgs, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import { hostOf, portOf } from "./proxies.js";
import { basicCredentials } from "./url-credentials.js";

/** A proxy answered CONNECT with a status other than 200. */
export class ProxyRefusalError extends Error {
  override readonly name = "ProxyRefusalError";
  constructor(
    proxy: URL,
    readonly status: number,
  ) {
    super(`the proxy ${proxy.host} answered ${status} to CONNECT`);
  }
}

/**
 * Reaches https endpoints through a proxy's CONNECT: the proxy only sees the host name, and the endpoint's certificate is
 * verified end to end. Tunnels are kept and reused like plain connections. (axios opens a new tunnel for every request.)
 */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #timeoutMs: number;

  /** `timeoutMs` limits the opening of a tunnel. */
  constructor(proxy: URL, timeoutMs: number, options: AgentOptions = {}) {
    super({ keepAlive: true, rejectUnauthorized: true, ...options });
    this.#proxy = proxy;
    this.#timeoutMs = timeoutMs;
  }

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    // On a failure Node passes only the error; its types require a stream as well.
    const done = callback as (error: Error | null, stream?: Duplex) => void;
    this.#openTunnel(`${bracketed(String(options.host))}:${options.port}`).then(
      (socket) => done(null, connect(tlsOptions(options, socket))),
      (error: Error) => done(error),
    );
    return undefined;
  }

  #openTunnel(authority: string): Promise<Socket> {
    const { promise, resolve, reject } = settleable<Socket>();
    const request = this.#proxy.protocol === "https:" ? httpsRequest : httpRequest;
    const connecting = request(this.#connectOptions(authority));
    connecting.once("connect", (answer: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      if (answer.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.destroy();
        reject(new ProxyRefusalError(this.#proxy, answer.statusCode ?? 0));
      }
    });
    connecting.once("response", (answer) => {
      connecting.destroy();
      reject(new ProxyRefusalError(this.#proxy, answer.statusCode ?? 0));
    });
    connecting.once("timeout", () => connecting.destroy(new Error(`the proxy ${this.#proxy.host} does not answer`)));
    connecting.once("error", reject);
    connecting.end();
    return promise;
  }

  #connectOptions(authority: string): ClientRequestArgs {
    const authorization = basicCredentials(this.#proxy);
    return {
      method: "CONNECT",
      host: hostOf(this.#proxy),
      port: portOf(this.#proxy),
      path: authority,
      headers: { host: authority, ...(authorization && { "proxy-authorization": authorization }) },
      agent: false,
      timeout: this.#timeoutMs,
    };
  }
}

function tlsOptions(options: RequestOptions, socket: Socket) {
  // Keeps the host: without a server name (an IP address), the certificate is compared with it.
  const { path: _path, port: _port, ...rest } = options;
  return { ...rest, host: String(options.host), socket, ALPNProtocols: ["http/1.1"] };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function settleable<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
