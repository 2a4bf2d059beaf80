import { connect, createServer } from "node:net";

/** A port of 127.0.0.1 that nobody listens on just now. */
export function freePort(): Promise<number> {
  return bindBriefly(0);
}

/** Whether nobody listens on a port of 127.0.0.1 just now. */
export async function isFree(port: number): Promise<boolean> {
  return await bindBriefly(port).then(
    () => true,
    () => false,
  );
}

function bindBriefly(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : 0));
    });
  });
}

/**
 * Connects to a port of 127.0.0.1, says `greeting` and tells whether what comes back starts with `answer`; false after
 * a second without an answer, and when nobody listens.
 */
export function answers(port: number, greeting: string, answer: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 1_000 });
    let heard = "";
    const finish = (outcome: boolean): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once("connect", () => socket.write(greeting));
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      if (heard.length >= answer.length) finish(heard.startsWith(answer));
    });
    socket.once("timeout", () => finish(false));
    socket.once("error", () => finish(false));
    socket.once("close", () => finish(false));
  });
}
