import { after, before, describe } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { NatsServer } from "@farmscope/testkit";
import { eventLogContract } from "../contract.ts";
import { JetStreamLog } from "./jetstream-log.ts";

const missing = NatsServer.missing();

describe("JetStream", { skip: missing === null ? false : `skipped: ${missing}` }, () => {
  let server: NatsServer;
  let opened = 0;

  before(async () => {
    server = await NatsServer.start();
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
