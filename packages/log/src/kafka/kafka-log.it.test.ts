import { after, before, describe } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { KafkaServer } from "@farmscope/testkit";
import { eventLogContract } from "../contract.ts";
import { KafkaLog } from "./kafka-log.ts";

const missing = KafkaServer.missing();

describe("Kafka", { skip: missing === null ? false : `skipped: ${missing}` }, () => {
  let server: KafkaServer;
  let opened = 0;

  before(async () => {
    server = await KafkaServer.start({ retentionCheckMs: 200 });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
  });

  eventLogContract("KafkaLog", {
    habits: { dropsRepeated: false, partitionBytesMax: 4 * 2 ** 20, retentionMsMax: 20_000 },
    open: async ({ partitions = 4, bytesMax = 64 * 2 ** 20 } = {}) => {
      const namespace = `t${++opened}`;
      const clock = new SystemClock();
      const log = new KafkaLog({ url: server.url, namespace, partitions, bytesMax, replicas: 1, clock });
      await log.ensureStreams();
      return log;
    },
  });
});
