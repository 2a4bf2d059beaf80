import { OperatingError } from "@farmscope/runtime";
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { brokerStreamName, type StreamName } from "../port.ts";
import { DEDUP_WINDOW_MS, retentionOf } from "../retention.ts";
import { streamSubject } from "./subjects.ts";

/** What all streams of an installation have in common. */
export interface Installation {
  readonly namespace: string;
  readonly partitions: number;
  /** Bytes that the raw events may hold, all partitions together. */
  readonly bytesMax: number;
  readonly replicas: number;
}

/** What would break the log's promises, and is absent unless somebody set it. */
const UNWANTED = ["no_ack", "sealed", "mirror", "sources", "subject_transform", "republish"] as const;

/** The part of a stream's configuration that we ask for and hold the server to. */
type OurConfig = Pick<
  StreamConfig,
  | "name"
  | "description"
  | "subjects"
  | "retention"
  | "storage"
  | "discard"
  | "max_bytes"
  | "max_age"
  | "max_msgs"
  | "max_msgs_per_subject"
  | "max_msg_size"
  | "max_consumers"
  | "num_replicas"
  | "duplicate_window"
>;

export function streamConfig(installation: Installation, stream: StreamName): OurConfig {
  const { namespace, partitions, bytesMax, replicas } = installation;
  const retention = retentionOf(stream, partitions, bytesMax);
  return {
    name: brokerStreamName(namespace, stream),
    description: `Farmscope, ${partitions} partitions`,
    subjects: [streamSubject(namespace, stream)],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: retention.bytesMax,
    max_age: nanos(retention.ageMsMax ?? 0),
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    max_consumers: -1,
    num_replicas: replicas,
    duplicate_window: nanos(DEDUP_WINDOW_MS),
  };
}

/**
 * Creates the stream or brings its configuration up to date, and compares what the server says it has with what was
 * asked: older servers ignore what they do not know.
 * @throws {OperatingError} LOG_MISCONFIGURED; and whatever the client throws.
 */
export async function ensureStream(manager: JetStreamManager, config: OurConfig): Promise<void> {
  const existing = await streamInfo(manager, config.name);
  if (existing === null) {
    refuseDifferences(config, (await manager.streams.add({ ...config })).config);
    return;
  }
  refuseOtherPartitions(config, existing.config);
  if (differences(config, existing.config).length === 0) return;
  refuseDifferences(config, (await manager.streams.update(config.name, { ...config })).config);
}

/** State and configuration, or null when there is no such stream. */
export async function streamInfo(manager: JetStreamManager, name: string): Promise<StreamInfo | null> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null;
    throw error;
  }
}

/** With another number of partitions nodes would change their streams, and their order would be lost. */
function refuseOtherPartitions(asked: OurConfig, existing: StreamConfig): void {
  if (existing.description === undefined || existing.description === asked.description) return;
  throw new OperatingError(
    "LOG_MISCONFIGURED",
    `stream ${asked.name} was made for "${existing.description}", asked for is "${asked.description}"`,
    { remedy: "set partitions to that number, or choose another namespace" },
  );
}

function refuseDifferences(asked: OurConfig, echoed: StreamConfig): void {
  const found = differences(asked, echoed);
  if (found.length === 0) return;
  throw new OperatingError("LOG_MISCONFIGURED", `stream ${asked.name} is not as asked: ${found.join("; ")}`);
}

/** "max_bytes is 1, asked for 2" for each difference. */
export function differences(asked: OurConfig, echoed: StreamConfig): string[] {
  const unwanted = UNWANTED.filter((key) => Boolean(echoed[key])).map((key) => `${key} is set`);
  return [...differencesIn(asked, echoed), ...unwanted];
}

/** "max_bytes is 1, asked for 2" for each of the asked settings that the server has otherwise. */
export function differencesIn<Config extends object>(asked: Config, echoed: Partial<Config>): string[] {
  const keys = Object.keys(asked) as (keyof Config & string)[];
  return keys
    .map((key) => ({ key, is: JSON.stringify(echoed[key]), wanted: JSON.stringify(asked[key]) }))
    .filter(({ is, wanted }) => is !== wanted)
    .map(({ key, is, wanted }) => `${key} is ${is}, asked for ${wanted}`);
}
