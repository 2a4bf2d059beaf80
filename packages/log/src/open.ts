import type { Clock, Logger } from "@farmscope/runtime";
import { JetStreamLog } from "./jetstream/jetstream-log.ts";
import { KafkaLog } from "./kafka/kafka-log.ts";
import type { KafkaSecurity } from "./kafka/security.ts";
import { MemoryLog } from "./memory/memory-log.ts";
import type { EventLog } from "./port.ts";

export interface OpenLogOptions {
  readonly kind: "memory" | "jetstream" | "kafka";
  /** Servers, comma separated; not looked at for "memory". */
  readonly url: string;
  /** Prefix of streams and subjects. */
  readonly namespace: string;
  /** Partitions of the raw events; fixed for an installation. */
  readonly partitions: number;
  /** Bytes that the raw events may hold, all partitions together. */
  readonly bytesMax: number;
  /** Copies of each stream. */
  readonly replicas: number;
  /** How to reach the brokers; for "kafka" alone. */
  readonly security?: KafkaSecurity;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Name that the server shows for our connection: the service. */
  readonly name?: string;
}

/**
 * The event log that the settings ask for. Nothing is connected yet: the first call does that, and fails as retriable
 * while the server is away.
 * @throws {OperatingError} CONFIG_INVALID.
 */
export function openLog(options: OpenLogOptions): EventLog {
  switch (options.kind) {
    case "memory":
      return new MemoryLog(options);
    case "jetstream":
      return new JetStreamLog(options);
    case "kafka":
      return new KafkaLog(options);
  }
}
