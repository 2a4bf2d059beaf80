import Decoder from "kafkajs/src/protocol/decoder.js";
import Encoder from "kafkajs/src/protocol/encoder.js";
import { createErrorFromCode } from "kafkajs/src/protocol/error.js";
import apiKeys from "kafkajs/src/protocol/requests/apiKeys.js";
import { type Exchange, lookup, requests } from "kafkajs/src/protocol/requests/index.js";
import type { Address, BrokerConnection } from "./connection.ts";

/** One partition of one topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** A message as kafkajs reads and writes it. */
export interface Message {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string>>;
}

export interface FetchedMessage extends Message {
  readonly offset: string;
  /** When the broker appended it, Unix milliseconds. */
  readonly timestamp: string;
  readonly isControlRecord: boolean;
}

export interface Metadata {
  readonly brokers: readonly (Address & { readonly nodeId: number })[];
  readonly controllerId: number;
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  }[];
}

export interface ConfigEntry {
  readonly configName: string;
  readonly configValue: string | null;
  /** 1: set for this topic; others are defaults. */
  readonly configSource: number;
}

/** Places in a topic that a broker is asked for instead of a time. */
export const EARLIEST = -2;
export const LATEST = -1;

const READ_UNCOMMITTED = 0;
const TOPIC_RESOURCE = 2;
/** How long a broker may wait for the copies of what is appended, in milliseconds. */
const COPIES_MS_MAX = 10_000;

async function ask<Answer>(connection: BrokerConnection, name: string, args: object, waitMs = 0): Promise<Answer> {
  const make = lookup(connection.versions)(apiKeys[name], requests[name]);
  return await connection.exchange(make(args) as Exchange<unknown, Answer>, waitMs);
}

/** What the cluster is made of, and the leaders of these topics; without topics: of all. */
export async function askMetadata(connection: BrokerConnection, topics: readonly string[]): Promise<Metadata> {
  return await ask<Metadata>(connection, "Metadata", { topics, allowAutoTopicCreation: false });
}

/** Appends messages, all or none. @returns the offset of the first one. */
export async function produce(
  connection: BrokerConnection,
  place: Place,
  messages: readonly Message[],
): Promise<number> {
  const { topic, partition } = place;
  const { topics } = await ask<{ topics: { partitions: { baseOffset: string }[] }[] }>(
    connection,
    "Produce",
    { acks: -1, timeout: COPIES_MS_MAX, topicData: [{ topic, partitions: [{ partition, messages }] }] },
    COPIES_MS_MAX,
  );
  return Number(topics[0].partitions[0].baseOffset);
}

export interface FetchRange {
  readonly offset: number;
  /** The first batch comes whole, however large. */
  readonly bytesMax: number;
  /** How long the broker may wait for a first message, in milliseconds. */
  readonly waitMs: number;
}

/** Messages from an offset on; those of its batch that stand before it may come too. */
export async function fetchMessages(
  connection: BrokerConnection,
  { topic, partition }: Place,
  { offset, bytesMax, waitMs }: FetchRange,
): Promise<readonly FetchedMessage[]> {
  const { responses } = await ask<{ responses: { partitions: { messages: FetchedMessage[] }[] }[] }>(
    connection,
    "Fetch",
    {
      maxWaitTime: waitMs,
      minBytes: 1,
      maxBytes: bytesMax,
      isolationLevel: READ_UNCOMMITTED,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: bytesMax }] }],
    },
    waitMs,
  );
  return responses[0]?.partitions[0]?.messages ?? [];
}

/** The offset of the oldest message, or the one that the next message will get. */
export async function askOffset(
  connection: BrokerConnection,
  { topic, partition }: Place,
  which: typeof EARLIEST | typeof LATEST,
): Promise<number> {
  const { responses } = await ask<{ responses: { partitions: { offset: string }[] }[] }>(connection, "ListOffsets", {
    replicaId: -1,
    isolationLevel: READ_UNCOMMITTED,
    topics: [{ topic, partitions: [{ partition, timestamp: which }] }],
  });
  return Number(responses[0].partitions[0].offset);
}

export interface NewTopic {
  readonly topic: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configEntries: readonly { readonly name: string; readonly value: string }[];
}

export async function createTopics(connection: BrokerConnection, topics: readonly NewTopic[]): Promise<void> {
  await ask(connection, "CreateTopics", { topics, validateOnly: false, timeout: COPIES_MS_MAX }, COPIES_MS_MAX);
}

/** All settings of a topic. */
export async function describeTopic(connection: BrokerConnection, topic: string): Promise<readonly ConfigEntry[]> {
  const { resources } = await ask<{ resources: { configEntries: ConfigEntry[] }[] }>(connection, "DescribeConfigs", {
    resources: [{ type: TOPIC_RESOURCE, name: topic }],
    includeSynonyms: false,
  });
  return resources[0].configEntries;
}

/** Replaces all settings of a topic: those that are not given go back to their defaults. */
export async function alterTopic(
  connection: BrokerConnection,
  topic: string,
  configEntries: readonly { readonly name: string; readonly value: string }[],
): Promise<void> {
  await ask(connection, "AlterConfigs", {
    resources: [{ type: TOPIC_RESOURCE, name: topic, configEntries }],
    validateOnly: false,
  });
}

/**
 * Bytes that a partition takes on this broker's disks. kafkajs has no such request, so it is written out here.
 * Source: Kafka's DescribeLogDirsRequest.json and DescribeLogDirsResponse.json, version 1.
 */
export async function askBytes(connection: BrokerConnection, { topic, partition }: Place): Promise<number> {
  const exchange: Exchange<number, number> = {
    request: {
      apiKey: apiKeys["DescribeLogDirs"],
      apiVersion: 1,
      apiName: "DescribeLogDirs",
      encode: async () => new Encoder().writeArray([new Encoder().writeString(topic).writeArray([partition])]),
    },
    response: { decode: async (bytes) => bytesIn(new Decoder(bytes)), parse: async (bytes) => bytes },
  };
  return await connection.exchange(exchange as Exchange<unknown, number>);
}

function bytesIn(answer: Decoder): number {
  answer.readInt32();
  const directories = answer.readArray((directory) => {
    const code = directory.readInt16();
    if (code !== 0) throw createErrorFromCode(code);
    directory.readString();
    return directory.readArray((topic) => {
      topic.readString();
      return topic.readArray((partition) => {
        partition.readInt32();
        const bytes = Number(partition.readInt64().toString());
        partition.readInt64();
        return partition.readBoolean() ? 0 : bytes;
      });
    });
  });
  return directories.flat(2).reduce((sum, bytes) => sum + bytes, 0);
}
