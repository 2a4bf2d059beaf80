import { createHash } from "node:crypto";
import { connect, createServer, type Server } from "node:net";
import { type Clock, OperatingError } from "@farmscope/runtime";

/** Longest wait for a holder to say who it is, in milliseconds. */
const ANSWER_MS_MAX = 500;

/**
 * Keeps a second emitter away from this host's kernel, whatever data directory it uses.
 *
 * The claim is a socket with an abstract name (unix(7)). The kernel holds it, one per name, and lets go of it in the
 * moment its process ends, however that ends: no file is left behind, no pid has to be judged, and neither a common
 * directory nor a right to write there is needed. Its holder answers who it is. The name is known in one network
 * namespace only: emitters in containers meet there when they use the host's network, as a DaemonSet of them should.
 */
export class HostClaim {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws {OperatingError} ALREADY_RUNNING, naming the pid that holds the claim if it answers. */
  static async acquire(node: string, clock: Clock, scope = ""): Promise<HostClaim> {
    const name = nameOf(node, scope);
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(String(process.pid));
    });
    server.unref();
    if (await listens(server, name)) return new HostClaim(server);
    const pid = await pidOf(name, clock);
    const who = pid === null ? "another process" : `process ${pid}`;
    throw new OperatingError("ALREADY_RUNNING", `${who} of this host already emits for node ${node}`, {
      remedy: pid === null ? "stop it first" : `stop it first: kill ${pid}`,
    });
  }

  release(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** A hash, because names are at most 107 bytes long and node ids are not. */
function nameOf(node: string, scope: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([scope, node]))
    .digest("hex");
  return `\0farmscope-emitter-${hash}`;
}

function listens(server: Server, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen(name, () => resolve(true));
  });
}

/** Null when the holder does not answer in time, as one that is stopped. */
async function pidOf(name: string, clock: Clock): Promise<number | null> {
  const over = new AbortController();
  const socket = connect(name);
  const answer = new Promise<string>((resolve) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (piece: string) => {
      text += piece;
    });
    socket.on("error", () => resolve(""));
    socket.on("close", () => resolve(text));
  });
  const tooLate = clock.sleep(ANSWER_MS_MAX, over.signal).then(
    () => "",
    () => "",
  );
  const text = await Promise.race([answer, tooLate]);
  over.abort();
  socket.destroy();
  return /^\d+$/.test(text) ? Number(text) : null;
}
