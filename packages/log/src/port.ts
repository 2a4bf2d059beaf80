/**
 * The event log: append-only streams of opaque messages, read by position. Adapters: memory, JetStream, Kafka.
 * All pass the same contract suite, contract.ts.
 */

/**
 * A stream of the log. Raw events, and checkpoints of what was folded from them, are in one stream per partition, since
 * they are read by whoever owns it; views have one for each width of windows; every other stream is single.
 */
export type StreamName = PartitionStreamName | WholeStreamName;

export interface PartitionStreamName {
  readonly kind: "event" | "checkpoint";
  readonly partition: number;
}

export type WholeStreamName = ViewStreamName | { readonly kind: "alert" | "control" | "dead" };

/** Closed windows of one width. Each width is kept for a time of its own, and a stream has but one. Default: 10 s. */
export interface ViewStreamName {
  readonly kind: "view";
  readonly widthMs?: ViewWidthMs;
}

/** Widths of windows in milliseconds, each with a stream of its own, and how the broker's names call them. */
export const VIEW_WIDTHS = { 10000: "", 60000: "1m", 600000: "10m" } as const;
export type ViewWidthMs = keyof typeof VIEW_WIDTHS;
const VIEW_WIDTH_DEFAULT_MS: ViewWidthMs = 10_000;

/** What a stream is called among those that are not divided: "alert", "view", "view-1m". */
export function streamLabel(stream: WholeStreamName): string {
  if (stream.kind !== "view") return stream.kind;
  const width = VIEW_WIDTHS[stream.widthMs ?? VIEW_WIDTH_DEFAULT_MS];
  return width === "" ? stream.kind : `${stream.kind}-${width}`;
}

export interface AppendOptions {
  /** Deterministic id; the broker may drop a second message of the same id, readers must. At most 256 characters. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

/** One message as it stands in the log. */
export interface LogRecord {
  /** Place in its stream; grows, starts at 1, may have holes. */
  readonly position: number;
  /** The key it was appended under (a node id for raw events), decoded. */
  readonly key: string;
  /** When the broker appended it, Unix milliseconds. Never goes back within a stream by more than the broker's clock does. */
  readonly appendedAtMs: number;
  /** Owned by the reader: the adapter does not touch it again. */
  readonly payload: Uint8Array;
}

export interface StreamPositions {
  /** Position of the oldest retained message; `last + 1` when the stream is empty. */
  readonly first: number;
  /** Position of the newest message; 0 when nothing was ever appended. */
  readonly last: number;
  readonly messages: number;
  readonly bytes: number;
}

export interface ReadOptions {
  /**
   * First position wanted. Older than what is retained, or more than one behind the newest (the log lost its tail):
   * LOG_TRUNCATED is thrown by the first `next`, unless `allowTruncated`.
   */
  readonly from: number;
  /** Only records with this key. Then truncation is noticed at the start only: holes are in the nature of such a read. */
  readonly key?: string;
  /** Goes on with the oldest retained record, or at the end, instead of throwing. */
  readonly allowTruncated?: boolean;
  /** Bound on what is buffered ahead, in bytes. Default 8 MiB. */
  readonly bufferBytesMax?: number;
  /** Closes the reader when it fires: `next` then returns an empty array, at once. */
  readonly signal?: AbortSignal;
}

/** A pull cursor on one stream. Not for concurrent use. */
export interface LogReader {
  /**
   * The next records, in order, at least one unless `waitMs` passed or the reader was closed (then an empty array).
   * @param recordsMax greatest number of records to return.
   * @throws {OperatingError} LOG_UNAVAILABLE (retriable; the reader resumes by itself on a later call), LOG_TRUNCATED.
   */
  next(recordsMax: number, waitMs: number): Promise<LogRecord[]>;
  close(): Promise<void>;
}

export interface EventLog {
  /**
   * Creates what is missing among this installation's streams (P event partitions and the single ones) and checks that
   * the server's echoed configuration is what was asked.
   * @throws {OperatingError} LOG_UNAVAILABLE (retriable), LOG_MISCONFIGURED.
   */
  ensureStreams(signal?: AbortSignal): Promise<void>;
  /**
   * Appends and resolves when the broker has acknowledged. Calls may overlap: they are sent in call order, pipelined.
   * @param key at most 256 characters, any characters; encoded by the adapter where subjects need tokens.
   * @returns the position.
   * @throws {OperatingError} LOG_UNAVAILABLE (retriable), LOG_MESSAGE_TOO_LARGE, ABORTED.
   */
  append(stream: StreamName, key: string, payload: Uint8Array, options?: AppendOptions): Promise<number>;
  read(stream: StreamName, options: ReadOptions): Promise<LogReader>;
  /** @throws {OperatingError} LOG_UNAVAILABLE (retriable). */
  positions(stream: StreamName): Promise<StreamPositions>;
  /** The newest record with this key, or null: how a killed source finds where it was. */
  lastOf(stream: StreamName, key: string): Promise<LogRecord | null>;
  readonly messageBytesMax: number;
  /** What the server is and can do, for `doctor` and `status`; warnings such as "sync_interval unknown to this server". */
  describe(): Promise<LogDescription>;
  close(): Promise<void>;
}

export interface LogDescription {
  readonly kind: "memory" | "jetstream" | "kafka";
  readonly version: string;
  readonly connected: boolean;
  readonly warnings: readonly string[];
}

/** A stream's name in the broker: "FS_EV_3", "FS_CKPT_3", "FS_VIEW", "FS_VIEW_1M" for namespace "fs". */
export function brokerStreamName(namespace: string, stream: StreamName): string {
  const upper = namespace.toUpperCase().replaceAll("-", "_");
  if ("partition" in stream) return `${upper}_${stream.kind === "event" ? "EV" : "CKPT"}_${stream.partition}`;
  return `${upper}_${streamLabel(stream).toUpperCase().replaceAll("-", "_")}`;
}
