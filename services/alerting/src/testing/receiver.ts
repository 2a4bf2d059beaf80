import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A notification as a webhook receiver got it. */
export interface Received {
  readonly idempotencyKey: string;
  readonly alertKey: string;
  readonly transition: string;
  readonly severity: string;
}

export type Answer = (response: ServerResponse) => void;

export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(code, headers).end();
}

/** A webhook receiver on loopback that keeps what it gets and answers as told: the answers in turn, then 200. */
export class Receiver {
  readonly received: Received[] = [];
  readonly answers: Answer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString());
        const idempotencyKey = String(request.headers["idempotency-key"]);
        const { alert_key: alertKey, transition, severity } = body;
        this.received.push({ idempotencyKey, alertKey, transition, severity });
        (this.answers.shift() ?? status(200))(response);
      });
    });
  }

  static async open(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** "alert transition" of everything received, in order. */
  get told(): string[] {
    return this.received.map(({ alertKey, transition }) => `${alertKey} ${transition}`);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
