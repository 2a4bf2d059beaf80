/** What is said of alerts, whoever it is said to. Rendering is pure: the same message gives the same bytes. */
import type { NoticeDecision, NoticeLine } from "@farmscope/domain";

/** A change that people or pipelines told of, which may have to do with an alert. */
export interface Change {
  readonly atMs: number;
  readonly text: string;
  /** "" when there is none. */
  readonly url: string;
}

/** One decision as one target hears it. */
export interface Message extends Pick<NoticeDecision, "groupLabels" | "atMs" | "others"> {
  /** At least one; exactly one for targets that are told of each alert by itself. */
  readonly lines: readonly NoticeLine[];
  /** What changed shortly before, newest first. */
  readonly changes: readonly Change[];
  /** Address of the console, without a slash at its end. */
  readonly consoleUrl: string;
}

/** Renders a message without any secret. @returns null when the vendor has no word for it. */
export type Render = (message: Message, idempotencyKey: string) => Uint8Array<ArrayBuffer> | null;
