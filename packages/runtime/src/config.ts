import Type, { type Static } from "typebox";

/**
 * The one schema of all settings. Flags stand over environment over `farmscope.yaml` over these defaults; config-load.ts
 * does that. Every key has its environment name in `env`, its flag is the key in kebab case.
 */
const setting = <T extends object>(schema: T, env: string, extra: { secret?: boolean } = {}): T =>
  Object.assign(schema, { env, ...extra });

export const ConfigSchema = Type.Object(
  {
    natsUrl: setting(
      Type.String({ default: "", description: "NATS servers, comma separated. Empty: one is started beside us." }),
      "FARMSCOPE_NATS_URL",
    ),
    redisUrl: setting(
      Type.String({ default: "", description: "Redis URL. Empty: one is started beside us." }),
      "FARMSCOPE_REDIS_URL",
      { secret: true },
    ),
    kafkaBrokers: setting(
      Type.String({
        default: "",
        description: "Kafka brokers, comma separated. Empty: with log = kafka, one is started beside us.",
      }),
      "FARMSCOPE_KAFKA_BROKERS",
    ),
    kafkaTls: setting(
      Type.Union([Type.Literal("off"), Type.Literal("on")], {
        default: "off",
        description: "Whether connections to Kafka are encrypted.",
      }),
      "FARMSCOPE_KAFKA_TLS",
    ),
    kafkaCaFile: setting(
      Type.String({
        default: "",
        description: "File with the authorities (PEM) that vouch for the Kafka brokers. Empty: the system's.",
      }),
      "FARMSCOPE_KAFKA_CA_FILE",
    ),
    kafkaCertFile: setting(
      Type.String({ default: "", description: "File with our certificate (PEM), for Kafka brokers that ask for one." }),
      "FARMSCOPE_KAFKA_CERT_FILE",
    ),
    kafkaKeyFile: setting(
      Type.String({ default: "", description: "File with the private key (PEM) of that certificate." }),
      "FARMSCOPE_KAFKA_KEY_FILE",
    ),
    kafkaSasl: setting(
      Type.Union(
        [Type.Literal("none"), Type.Literal("plain"), Type.Literal("scram-sha-256"), Type.Literal("scram-sha-512")],
        { default: "none", description: "How to log in to Kafka." },
      ),
      "FARMSCOPE_KAFKA_SASL",
    ),
    kafkaUser: setting(Type.String({ default: "", description: "User of that login." }), "FARMSCOPE_KAFKA_USER"),
    kafkaPassword: setting(
      Type.String({ default: "", description: "Password of that login." }),
      "FARMSCOPE_KAFKA_PASSWORD",
      { secret: true },
    ),
    log: setting(
      Type.Union([Type.Literal("jetstream"), Type.Literal("kafka")], {
        default: "jetstream",
        description: "The event log.",
      }),
      "FARMSCOPE_LOG",
    ),
    http: setting(
      Type.String({
        default: "127.0.0.1:7070",
        pattern: "^(\\[[0-9a-fA-F:]+\\]|[^:]+):[0-9]{1,5}$",
        description: "Address of the query API and the console.",
      }),
      "FARMSCOPE_HTTP",
    ),
    dataDir: setting(
      Type.String({ default: ".farmscope", minLength: 1, description: "Where data is kept." }),
      "FARMSCOPE_DATA_DIR",
    ),
    farm: setting(
      Type.String({ default: "default", minLength: 1, maxLength: 128, description: "Farm of this node." }),
      "FARMSCOPE_FARM",
    ),
    nodeId: setting(
      Type.String({ default: "", maxLength: 128, description: "Id of this node. Empty: from machine-id." }),
      "FARMSCOPE_NODE_ID",
    ),
    tokensFile: setting(
      Type.String({
        default: "",
        description: "File with bearer tokens and their roles. Empty: none needed on loopback.",
      }),
      "FARMSCOPE_TOKENS_FILE",
    ),
    token: setting(
      Type.String({ default: "", maxLength: 512, description: "Bearer token that commands send to the query API." }),
      "FARMSCOPE_TOKEN",
      { secret: true },
    ),
    partitions: setting(
      Type.Integer({
        default: 4,
        minimum: 1,
        maximum: 1024,
        description: "Partitions of fs.ev; fixed for an installation.",
      }),
      "FARMSCOPE_PARTITIONS",
    ),
    logLevel: setting(
      Type.Union(
        [
          Type.Literal("debug"),
          Type.Literal("info"),
          Type.Literal("warn"),
          Type.Literal("error"),
          Type.Literal("silent"),
        ],
        { default: "info", description: "What is logged." },
      ),
      "FARMSCOPE_LOG_LEVEL",
    ),
    logBytesMax: setting(
      Type.Integer({
        default: 4 * 2 ** 30,
        minimum: 2 ** 20,
        description: "Bytes that fs.ev may hold, all partitions together.",
      }),
      "FARMSCOPE_LOG_BYTES_MAX",
    ),
    logReplicas: setting(
      Type.Integer({ default: 1, minimum: 1, maximum: 5, description: "Copies of each stream." }),
      "FARMSCOPE_LOG_REPLICAS",
    ),
    checkpointIntervalMs: setting(
      Type.Integer({
        default: 300_000,
        minimum: 1_000,
        maximum: 3_600_000,
        description:
          "Time between two checkpoints of a partition, in ms: a takeover folds so much again. Six times it where they are large.",
      }),
      "FARMSCOPE_CHECKPOINT_INTERVAL_MS",
    ),
    pageRingBytes: setting(
      Type.Integer({
        default: 16 * 2 ** 20,
        minimum: 4096,
        description: "Ring buffer for page events; a power of two.",
      }),
      "FARMSCOPE_PAGE_RING_BYTES",
    ),
    runqKeepOneIn: setting(
      Type.Integer({
        default: 16,
        minimum: 1,
        maximum: 65536,
        description: "Raw run-queue events are kept for one task in so many; the histograms always hold all.",
      }),
      "FARMSCOPE_RUNQ_KEEP_ONE_IN",
    ),
    pageKeepOneIn: setting(
      Type.Integer({
        default: 1,
        minimum: 1,
        maximum: 1024,
        description: "Page events are kept for one largest buddy block in so many.",
      }),
      "FARMSCOPE_PAGE_KEEP_ONE_IN",
    ),
    redisWatch: setting(
      Type.String({
        default: "",
        description: "Redis servers whose memory this node samples, URLs, comma separated. Empty: none.",
      }),
      "FARMSCOPE_REDIS_WATCH",
      { secret: true },
    ),
    rulesDir: setting(
      Type.String({ default: "services/alerting/rules", description: "Directory with alert rules." }),
      "FARMSCOPE_RULES_DIR",
    ),
    routingFile: setting(
      Type.String({
        default: "",
        description: "File that says who is told of which alerts. Empty: the webhook of all, at once.",
      }),
      "FARMSCOPE_ROUTING_FILE",
    ),
    consoleUrl: setting(
      Type.String({ default: "", description: "Address of the console, for links in messages. Empty: from `http`." }),
      "FARMSCOPE_CONSOLE_URL",
    ),
    webhookUrl: setting(
      Type.String({ default: "", description: "Where alerts are posted. Empty: they are only recorded." }),
      "FARMSCOPE_WEBHOOK_URL",
      { secret: true },
    ),
    webhookSecret: setting(
      Type.String({ default: "", description: "Key of the webhook's HMAC-SHA256 signature." }),
      "FARMSCOPE_WEBHOOK_SECRET",
      { secret: true },
    ),
    replicaId: setting(
      Type.String({ default: "", maxLength: 128, description: "Name of this replica. Empty: host name and pid." }),
      "FARMSCOPE_REPLICA_ID",
    ),
    namespace: setting(
      Type.String({
        default: "fs",
        pattern: "^[a-z][a-z0-9-]{0,31}$",
        description: "Prefix of streams, subjects and keys.",
      }),
      "FARMSCOPE_NAMESPACE",
    ),
  },
  { additionalProperties: false },
);

/** All settings, complete. */
export type Config = Static<typeof ConfigSchema>;
export type ConfigKey = keyof Config;
