import apiKeys from "kafkajs/src/protocol/requests/apiKeys.js";
import type { Versions } from "kafkajs/src/protocol/requests/index.js";
import type { LogDescription } from "../port.ts";
import type { KafkaCluster } from "./cluster.ts";
import { type Installation, PARTITION_BYTES_MIN } from "./topics.ts";

/** Says what the brokers are. Never throws: brokers that cannot be reached are part of the answer. */
export async function describeCluster(cluster: KafkaCluster, installation: Installation): Promise<LogDescription> {
  try {
    const versions = await cluster.withAny("asking for the version", async (connection) => connection.versions);
    return {
      kind: "kafka",
      version: releaseOf(versions),
      connected: true,
      warnings: warningsOf(versions, installation),
    };
  } catch {
    return { kind: "kafka", version: "", connected: false, warnings: [] };
  }
}

/**
 * A broker does not tell its release, only which requests it takes. Source: Kafka's FetchRequest.json and
 * ProduceRequest.json; Kafka 4.0 took out what KIP-896 lists.
 */
function releaseOf(versions: Versions): string {
  const fetch = versions[apiKeys["Fetch"]];
  if (isBeforeFour(versions)) return "before 4.0";
  return (fetch?.maxVersion ?? 0) >= 18 ? "4.1 or later" : "4.0";
}

function isBeforeFour(versions: Versions): boolean {
  return (versions[apiKeys["Fetch"]]?.minVersion ?? 0) < 4;
}

/** What an operator should know of brokers like these. */
export function warningsOf(versions: Versions, { replicas, partitions, bytesMax }: Installation): string[] {
  const warnings: string[] = [];
  if (isBeforeFour(versions)) warnings.push("brokers before Kafka 4.0 are not tested");
  if (replicas < 2) {
    warnings.push("one copy of each topic: acknowledged messages can be lost when a broker's machine loses power");
  }
  if (bytesMax / partitions < PARTITION_BYTES_MIN) {
    warnings.push(`Kafka cannot hold a partition to less than ${PARTITION_BYTES_MIN} bytes: logBytesMax is exceeded`);
  }
  return warnings;
}
