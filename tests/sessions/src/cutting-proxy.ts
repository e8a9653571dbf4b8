import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A TCP proxy that can lose replies: what was sent arrives, and the connection dies instead of the answer. */
export class CuttingProxy {
  readonly #server = createServer((client) => this.#carry(client));
  readonly #sockets = new Set<Socket>();
  #cutsLeft = 0;
  /** Replies that were lost so far. */
  lost = 0;

  private constructor(private readonly targetPort: number) {}

  static async start(targetPort: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    onTestFinished(() => proxy.#stop());
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  /** Loses the next replies. */
  cut(count = 1): void {
    this.#cutsLeft = count;
  }

  #carry(client: Socket): void {
    const target = connect(this.targetPort, "127.0.0.1");
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.pipe(target);
    target.on("data", (chunk) => {
      if (this.#cutsLeft === 0) {
        client.write(chunk);
        return;
      }
      this.#cutsLeft -= 1;
      this.lost += 1;
      client.destroy();
    });
  }

  #stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
