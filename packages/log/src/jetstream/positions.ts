import type { StreamState } from "@nats-io/jetstream";
import type { StreamPositions } from "../port.ts";

/** A stream that never held anything says first_seq 0, an emptied one last_seq + 1. */
export function positionsOf(state: StreamState): StreamPositions {
  const first = state.messages === 0 ? state.last_seq + 1 : state.first_seq;
  return { first, last: state.last_seq, messages: state.messages, bytes: state.bytes };
}
