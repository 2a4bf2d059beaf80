import { type ErrorCode, messageOf, OperatingError } from "@farmscope/runtime";

/** Kafka's errors that no retry will cure. Source: https://kafka.apache.org/protocol#protocol_error_codes */
const REFUSALS: Readonly<Record<string, { readonly code: ErrorCode; readonly remedy?: string }>> = {
  MESSAGE_TOO_LARGE: { code: "LOG_MESSAGE_TOO_LARGE" },
  RECORD_LIST_TOO_LARGE: { code: "LOG_MESSAGE_TOO_LARGE" },
  INVALID_TOPIC_EXCEPTION: { code: "LOG_MISCONFIGURED", remedy: "choose another namespace" },
  INVALID_PARTITIONS: { code: "LOG_MISCONFIGURED" },
  INVALID_REPLICATION_FACTOR: { code: "LOG_MISCONFIGURED", remedy: "logReplicas cannot exceed the number of brokers" },
  INVALID_CONFIG: { code: "LOG_MISCONFIGURED" },
  POLICY_VIOLATION: { code: "LOG_MISCONFIGURED", remedy: "ask the cluster's operator which policy forbids the topic" },
};

/** What a person can do about errors that may pass by themselves, but often do not. */
const REMEDIES: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: "allow our user to read, write, create, describe and alter topics of our namespace",
  CLUSTER_AUTHORIZATION_FAILED: "allow our user to create topics, or create them beforehand",
  SASL_AUTHENTICATION_FAILED: "correct FARMSCOPE_KAFKA_USER and FARMSCOPE_KAFKA_PASSWORD",
  UNSUPPORTED_SASL_MECHANISM: "set FARMSCOPE_KAFKA_SASL to a mechanism that the brokers offer",
  ILLEGAL_SASL_STATE: "the brokers want no login: set FARMSCOPE_KAFKA_SASL=none",
};

/** Kafka's name of an error that a broker answered with; "" for any other. */
export function typeOf(error: unknown): string {
  return (error as { readonly type?: string } | null)?.type ?? "";
}

/**
 * Our error for one of kafkajs or of the network. What is not known to be final is taken as an outage: retriable.
 * @param doing what was tried, for people: "appending to FS_VIEW".
 */
export function translate(error: unknown, doing: string): OperatingError {
  if (error instanceof OperatingError) return error;
  const type = typeOf(error);
  const message = `${doing}: ${messageOf(error)}${type === "" ? "" : ` (${type})`}`;
  const refusal = REFUSALS[type];
  if (refusal !== undefined) return new OperatingError(refusal.code, message, { ...refusal, cause: error });
  const remedy = REMEDIES[type];
  return new OperatingError("LOG_UNAVAILABLE", message, {
    retriable: true,
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

export function unavailable(message: string): OperatingError {
  return new OperatingError("LOG_UNAVAILABLE", message, { retriable: true });
}
