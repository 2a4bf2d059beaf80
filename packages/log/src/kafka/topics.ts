import { type Clock, OperatingError } from "@farmscope/runtime";
import { BROKER_MESSAGE_BYTES } from "../limits.ts";
import { allStreams, type Retention, retentionOf } from "../retention.ts";
import type { KafkaCluster } from "./cluster.ts";
import { placeOf } from "./records.ts";
import {
  alterTopic,
  askMetadata,
  askOffset,
  type ConfigEntry,
  createTopics,
  describeTopic,
  LATEST,
  type Place,
} from "./requests.ts";

/** What all topics of an installation have in common. */
export interface Installation {
  readonly namespace: string;
  readonly partitions: number;
  /** Bytes that the raw events may hold, all partitions together. */
  readonly bytesMax: number;
  readonly replicas: number;
}

/** A topic as it ought to be. */
export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;
/** Smallest segment that Kafka 4 takes (KIP-1030), and the largest that we want, in bytes. */
const SEGMENT_BYTES_MIN = MIB;
const SEGMENT_BYTES_MAX = 256 * MIB;
/** A broker's mark of a setting that was made for the topic. */
const TOPIC_CONFIG = 1;
/** How often a new topic is looked for, and how long, in milliseconds. */
const LOOK_EVERY_MS = 50;
const LOOK_MS_MAX = 10_000;

/** The topics of an installation: one for the raw events, with its partitions, and one for each other stream. */
export function topicPlans({ namespace, partitions, bytesMax, replicas }: Installation): TopicPlan[] {
  return allStreams(partitions)
    .filter((stream) => stream.kind !== "event" || stream.partition === 0)
    .map((stream) => ({
      topic: placeOf(namespace, stream).topic,
      partitions: stream.kind === "event" ? partitions : 1,
      config: topicConfig(retentionOf(stream, partitions, bytesMax), replicas),
    }));
}

/** Least bytes that a partition can be held to: Kafka deletes whole segments, and never the one that is written. */
export const PARTITION_BYTES_MIN = 2 * SEGMENT_BYTES_MIN;

/**
 * Kafka deletes a segment when the others still hold `retention.bytes`, so that a partition takes up to one segment
 * more than that: both together are the limit.
 */
function topicConfig({ bytesMax, ageMsMax }: Retention, replicas: number): Record<string, string> {
  const eighth = Math.floor(bytesMax / 8);
  const segmentBytes = Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, eighth));
  return {
    "cleanup.policy": "delete",
    "retention.bytes": String(Math.max(SEGMENT_BYTES_MIN, bytesMax - segmentBytes)),
    "retention.ms": String(ageMsMax ?? -1),
    "segment.bytes": String(segmentBytes),
    // Age is a segment's, counted from its newest message: a quiet stream must close its segments all the same.
    "segment.ms": String(ageMsMax === null ? 24 * HOUR_MS : Math.floor(ageMsMax / 8)),
    "max.message.bytes": String(BROKER_MESSAGE_BYTES),
    "message.timestamp.type": "LogAppendTime",
    "min.insync.replicas": String(replicas >= 3 ? 2 : 1),
    "unclean.leader.election.enable": "false",
  };
}

/**
 * Creates the topics that are missing, brings the settings of the others up to date, and compares what the brokers say
 * they have with what was asked.
 * @throws {OperatingError} LOG_MISCONFIGURED, LOG_UNAVAILABLE (retriable).
 */
export async function ensureTopics(cluster: KafkaCluster, installation: Installation, clock: Clock): Promise<void> {
  const plans = topicPlans(installation);
  const existing = await existingOf(cluster, plans);
  const missing = plans.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) {
    await create(cluster, missing, installation.replicas);
    await untilLed(cluster, missing, clock);
  }
  for (const plan of plans) await ensureConfig(cluster, plan);
}

async function create(cluster: KafkaCluster, plans: readonly TopicPlan[], replicas: number): Promise<void> {
  const topics = plans.map(({ topic, partitions, config }) => ({
    topic,
    numPartitions: partitions,
    replicationFactor: replicas,
    configEntries: entriesOf(config),
  }));
  const doing = `making ${topics.map(({ topic }) => topic).join(", ")}`;
  await cluster.withController(doing, async (connection) => {
    // Another service may have been faster: then there is nothing left to do.
    await createTopics(connection, topics).catch((error: unknown) => {
      if (!saysThatAllExist(error)) throw error;
    });
  });
}

/** kafkajs bundles what went wrong, one error a topic. */
function saysThatAllExist(error: unknown): boolean {
  const { errors = [error] } = error as { readonly errors?: readonly unknown[] };
  return errors.every((each) => (each as { readonly type?: string }).type === "TOPIC_ALREADY_EXISTS");
}

/**
 * Which of these topics exist.
 * @throws {OperatingError} LOG_MISCONFIGURED when one has another number of partitions.
 */
async function existingOf(cluster: KafkaCluster, plans: readonly TopicPlan[]): Promise<Set<string>> {
  const { topicMetadata } = await cluster.withAny("looking for our topics", (connection) =>
    askMetadata(connection, []),
  );
  const found = new Set<string>();
  for (const { topic, partitionMetadata } of topicMetadata) {
    const plan = plans.find((each) => each.topic === topic);
    if (plan === undefined) continue;
    refuseOtherPartitions(plan, partitionMetadata.length);
    found.add(topic);
  }
  return found;
}

/** With another number of partitions nodes would change their streams, and their order would be lost. */
function refuseOtherPartitions(plan: TopicPlan, partitions: number): void {
  if (plan.partitions === partitions) return;
  throw new OperatingError(
    "LOG_MISCONFIGURED",
    `topic ${plan.topic} has ${partitions} partitions, asked for ${plan.partitions}`,
    { remedy: "set partitions to that number, or choose another namespace" },
  );
}

/** A new topic is known to the controller first, then to the brokers, and at last its leaders answer for it. */
async function untilLed(cluster: KafkaCluster, plans: readonly TopicPlan[], clock: Clock): Promise<void> {
  const places = plans.flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  );
  const endMs = clock.monotonicMs() + LOOK_MS_MAX;
  for (const place of places) {
    while (!(await isLed(cluster, place, clock.monotonicMs() > endMs))) await clock.sleep(LOOK_EVERY_MS);
  }
}

/** @throws {OperatingError} LOG_UNAVAILABLE when it is not and `isLastTry`. */
async function isLed(cluster: KafkaCluster, place: Place, isLastTry: boolean): Promise<boolean> {
  try {
    const doing = `waiting for ${place.topic}`;
    await cluster.withLeader(place, doing, (connection) => askOffset(connection, place, LATEST));
    return true;
  } catch (error) {
    if (isLastTry || !(error instanceof OperatingError) || !error.retriable) throw error;
    return false;
  }
}

async function ensureConfig(cluster: KafkaCluster, plan: TopicPlan): Promise<void> {
  const doing = `configuring ${plan.topic}`;
  const { topic, config } = plan;
  const describe = () => cluster.withAny(doing, (connection) => describeTopic(connection, topic));
  const before = await describe();
  if (differences(config, before).length === 0) return;
  await cluster.withController(doing, (connection) => alterTopic(connection, topic, merged(config, before)));
  const found = differences(config, await describe());
  if (found.length > 0) {
    throw new OperatingError("LOG_MISCONFIGURED", `topic ${topic} is not as asked: ${found.join("; ")}`);
  }
}

/** Altering replaces all settings of a topic, so that those which somebody else made go along. */
function merged(
  config: Readonly<Record<string, string>>,
  before: readonly ConfigEntry[],
): { name: string; value: string }[] {
  const others = before.filter(({ configName, configSource, configValue }) => {
    return configSource === TOPIC_CONFIG && configValue !== null && !(configName in config);
  });
  const kept = others.map(({ configName, configValue }) => ({ name: configName, value: configValue ?? "" }));
  return [...entriesOf(config), ...kept];
}

function entriesOf(config: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(config).map(([name, value]) => ({ name, value }));
}

/** "retention.ms is 1, asked for 2" for each difference. */
export function differences(config: Readonly<Record<string, string>>, echoed: readonly ConfigEntry[]): string[] {
  const values = new Map(echoed.map(({ configName, configValue }) => [configName, configValue]));
  return Object.entries(config)
    .filter(([name, wanted]) => values.get(name) !== wanted)
    .map(([name, wanted]) => `${name} is ${values.get(name) ?? "unknown"}, asked for ${wanted}`);
}
