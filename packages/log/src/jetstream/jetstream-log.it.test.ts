import { after, before, describe } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { NATS_VERSIONS, NatsServer } from "@farmscope/testkit";
import { eventLogContract } from "../contract.ts";
import { JetStreamLog } from "./jetstream-log.ts";

for (const version of NATS_VERSIONS) {
  const missing = NatsServer.missing(version);

  describe(`JetStream, ${version} server`, { skip: missing === null ? false : `skipped: ${missing}` }, () => {
    let server: NatsServer;
    let opened = 0;

    before(async () => {
      server = await NatsServer.start({ version });
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
    });

    eventLogContract("JetStreamLog", {
      open: async ({ partitions = 4, bytesMax = 64 * 2 ** 20 } = {}) => {
        const namespace = `t${++opened}`;
        const clock = new SystemClock();
        const log = new JetStreamLog({ url: server.url, namespace, partitions, bytesMax, replicas: 1, clock });
        await log.ensureStreams();
        return log;
      },
    });
  });
}
