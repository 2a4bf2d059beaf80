/**
 * Fetches the programs that only tests need and no Debian package brings, into .cache/: a newer nats-server and a Kafka
 * broker. What cannot be had is said on standard output, a line each; its tests are then skipped with that reason.
 */
import { KafkaServer, NatsServer } from "./servers/index.ts";

for (const reason of [NatsServer.missing("newer"), KafkaServer.missing()]) {
  if (reason !== null) console.log(reason);
}
