import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface ChatRequest {
  path: string;
  authorization: string | undefined;
  body: Record<string, unknown>;
}

/** An endpoint with OpenAI's two forms, chat and completions, that answers by what was said to it. */
export class ChatServer {
  readonly requests: ChatRequest[] = [];
  readonly #server: Server;

  /** @param reply from the whole conversation, as a text, to the answer */
  constructor(reply: (conversation: string) => string) {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      const path = request.url ?? "";
      this.requests.push({ path, authorization: request.headers.authorization, body });
      const content = reply(JSON.stringify(body.messages ?? body.prompt));
      const choice = path.endsWith("/chat/completions") ? { message: { content } } : { text: content };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ choices: [choice] }));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<unknown> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
