/**
 * Bodies of Slack's incoming webhooks, in Block Kit. Limits are those of Slack's reference of blocks: 50 blocks, 3,000
 * characters in a section, 10 fields of 2,000, 150 in a header, 10 elements in a context.
 */
import type { NoticeLine } from "@farmscope/domain";
import { cut, jsonBytes } from "./cut.ts";
import { linksOf } from "./links.ts";
import type { Change, Message } from "./message.ts";
import {
  culpritTexts,
  labelsText,
  measuredText,
  severityText,
  stateText,
  summaryText,
  timeText,
  whereText,
} from "./words.ts";

export const SLACK_BLOCKS_MAX = 50;
export const SLACK_HEADER_LENGTH_MAX = 150;
export const SLACK_SECTION_LENGTH_MAX = 3_000;
export const SLACK_FIELD_LENGTH_MAX = 2_000;
/** Not documented, but messages beyond some 13,200 characters are refused: stay well below. */
export const SLACK_TEXTS_LENGTH_MAX = 12_000;

const LINES_MAX = 10;
const CHANGES_MAX = 5;
const CULPRITS_MAX = 5;
const LINE_LENGTH_MAX = 600;
const DETAIL_LENGTH_MAX = 300;
const URL_LENGTH_MAX = 1_000;

type Block = Readonly<Record<string, unknown>>;

/** One message for all alerts of a decision. */
export function slackBody(message: Message): Uint8Array<ArrayBuffer> {
  const blocks = [headerOf(message)];
  let length = 0;
  let shown = 0;
  for (const line of message.lines.slice(0, LINES_MAX)) {
    const block = lineBlock(line, message);
    length += JSON.stringify(block).length;
    if (length > SLACK_TEXTS_LENGTH_MAX - (CHANGES_MAX + 1) * LINE_LENGTH_MAX) break;
    blocks.push(block);
    shown++;
  }
  blocks.push(...restOf(message, message.lines.length - shown), ...changesOf(message.changes));
  return jsonBytes({ text: fallbackOf(message), blocks });
}

/** Slack reads these three characters as markup. Source: Slack's documentation of text formatting, "Escaping text". */
export function escapeSlack(text: string, lengthMax: number): string {
  const escaped = cut(text, lengthMax).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  if (escaped.length <= lengthMax) return escaped;
  // What grew by escaping is cut again, and not within an entity.
  return `${escaped.slice(0, lengthMax - 1).replace(/(&[a-z]*|[\uD800-\uDBFF])$/, "")}…`;
}

/** What stands where blocks are not shown. */
function fallbackOf({ lines }: Message): string {
  const texts = lines
    .slice(0, LINES_MAX)
    .map(({ event, reason }) => `${stateText(event, reason)}: ${summaryText(event)}`);
  return escapeSlack(texts.join("\n"), SLACK_SECTION_LENGTH_MAX);
}

function headerOf({ lines, groupLabels }: Message): Block {
  const [first] = lines as readonly [NoticeLine, ...NoticeLine[]];
  const one = `${stateText(first.event, first.reason)}: ${first.event.rule} on ${whereText(first.event)}`;
  const text = lines.length === 1 ? one : `${lines.length} alerts, ${labelsText(groupLabels)}`;
  return { type: "header", text: { type: "plain_text", text: cut(text, SLACK_HEADER_LENGTH_MAX), emoji: false } };
}

function lineBlock(line: NoticeLine, message: Message): Block {
  const { event, reason } = line;
  const links = linksOf(event, message).map(({ text, href }) => slackLink(text, href));
  const title = `*${stateText(event, reason)}* ${escapeSlack(summaryText(event), LINE_LENGTH_MAX)}`;
  const detail = escapeSlack(event.annotations["detail"] ?? event.annotations["description"] ?? "", DETAIL_LENGTH_MAX);
  const text = [title, detail, links.join(" · ")].filter((part) => part !== "").join("\n");
  return { type: "section", text: mrkdwn(text), fields: fieldsOf(line) };
}

function fieldsOf({ event }: NoticeLine): readonly Block[] {
  const field = (name: string, text: string): Block => mrkdwn(`*${name}*\n${escapeSlack(text, DETAIL_LENGTH_MAX)}`);
  const fields = [
    field("Where", labelsText(event.labels) || whereText(event)),
    field("Value", measuredText(event)),
    field("Since", timeText(event.sinceMs)),
    field("Severity", severityText(event)),
  ];
  const who = culpritTexts(event).slice(0, CULPRITS_MAX);
  return who.length === 0 ? fields : [...fields, field("Who", who.join("\n"))];
}

function restOf({ others }: Message, left: number): readonly Block[] {
  const parts = [left > 0 ? `and ${left} more alerts` : "", others > 0 ? `${others} others of the group go on` : ""];
  const text = parts.filter((part) => part !== "").join("; ");
  return text === "" ? [] : [{ type: "context", elements: [mrkdwn(text)] }];
}

function changesOf(changes: readonly Change[]): readonly Block[] {
  if (changes.length === 0) return [];
  const lines = changes.slice(0, CHANGES_MAX).map(({ atMs, text, url }) => {
    const told = escapeSlack(text, DETAIL_LENGTH_MAX);
    return `• ${timeText(atMs)} ${/^https?:\/\//.test(url) ? slackLink(text, url) : told}`;
  });
  return [
    { type: "section", text: mrkdwn(cut(`*What changed before*\n${lines.join("\n")}`, SLACK_SECTION_LENGTH_MAX)) },
  ];
}

/** A link, or its text alone when the address is too long or would end the link early. */
function slackLink(text: string, href: string): string {
  const told = escapeSlack(text.replaceAll("|", "/"), DETAIL_LENGTH_MAX);
  if (href.length > URL_LENGTH_MAX || /[<>|\s]/.test(href)) return told;
  return `<${href.replaceAll("&", "&amp;")}|${told}>`;
}

function mrkdwn(text: string): Block {
  return { type: "mrkdwn", text };
}
