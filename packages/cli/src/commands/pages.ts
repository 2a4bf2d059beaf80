import type { PageMapAnswer } from "@farmscope/query-api";
import { formatBytes, formatMoment, formatShare, formatWhole } from "@farmscope/query-api/format";
import { OperatingError } from "@farmscope/runtime";
import { defineCommand } from "../command.ts";
import type { Output, Tone } from "../output.ts";
import { ApiClient } from "../people/api-client.ts";
import { cellsOf, characterOf, type PictureCell } from "../people/page-picture.ts";
import { requireWord } from "../people/require-word.ts";

export const pages = defineCommand({
  description:
    "Draws a node's page map in block characters: full where all pages of a cell are in use, empty where all are free, " +
    "a point where there is no memory. --json gives the runs.",
  flags: {
    at: {
      kind: "text",
      placeholder: "TIME",
      description: "At that moment: RFC 3339, Unix milliseconds, or @POSITION.",
    },
    zone: { kind: "text", placeholder: "ZONE", description: "Only this zone. Default: the largest." },
    width: { kind: "integer", minimum: 16, maximum: 400, default: 96, description: "Characters in a row." },
    rows: { kind: "integer", minimum: 1, maximum: 400, default: 24, description: "Rows." },
  },
  positionals: { placeholder: "NODE", max: 1 },
  async run({ config, flags, output, positionals }) {
    const name = requireWord(positionals, 0, "NODE");
    const client = new ApiClient(config);
    const path = `/api/v1/nodes/${encodeURIComponent(name)}/pages`;
    const head = await client.get<PageMapAnswer>(path, { first: 0, count: 1, at: flags.at });
    const zone = zoneOf(head, flags.zone);
    const answers = await readAll(client, path, zone, flags.at);
    output.answer({ ...head, zone, runs: answers.map((answer) => answer.runs) }, () =>
      render(
        { head: answers[0] ?? head, zone, cells: cellsOf(answers, zone, flags.width * flags.rows), width: flags.width },
        output,
      ),
    );
    return 0;
  },
});

interface Zone {
  readonly zone: string;
  readonly first: number;
  readonly count: number;
}

function zoneOf(head: PageMapAnswer, wanted: string | undefined): Zone {
  const zones = head.zones.map((zone) => ({ ...zone, count: Math.min(zone.count, zone.initialised) }));
  const found =
    wanted === undefined ? [...zones].sort((a, b) => b.count - a.count)[0] : zones.find((zone) => zone.zone === wanted);
  if (found !== undefined && found.count > 0) return found;
  throw new OperatingError("USAGE", `there is no zone ${wanted ?? ""} with memory`, {
    remedy: `zones of this node: ${zones.map((zone) => zone.zone).join(", ")}`,
  });
}

async function readAll(client: ApiClient, path: string, zone: Zone, at: string | undefined): Promise<PageMapAnswer[]> {
  const answers: PageMapAnswer[] = [];
  for (let next: number | null = zone.first; next !== null; ) {
    const answer: PageMapAnswer = await client.get(path, { first: next, count: zone.first + zone.count - next, at });
    answers.push(answer);
    next = answer.next;
  }
  return answers;
}

interface Picture {
  readonly head: PageMapAnswer;
  readonly zone: Zone;
  readonly cells: readonly PictureCell[];
  readonly width: number;
}

function render({ head, zone, cells, width }: Picture, output: Output): string {
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += width) {
    const row = cells.slice(at, at + width);
    const first = zone.first + Math.floor((zone.count * at) / cells.length);
    rows.push(
      `${formatWhole(first).padStart(13)} ${row.map((cell) => output.paint(toneOfCell(cell), characterOf(cell))).join("")}`,
    );
  }
  const sum = (read: (cell: PictureCell) => number): number => cells.reduce((total, cell) => total + read(cell), 0);
  const known = sum((cell) => cell.frames - cell.unknown);
  return [
    `${head.node}, zone ${zone.zone}, ${formatBytes(zone.count * head.pageSizeBytes)}, as of ${formatMoment(head.watermarkMs)}, position ${formatWhole(head.position)}`,
    ...rows,
    `a character is ${formatWhole(Math.ceil(zone.count / cells.length))} pages: █ all in use, ▓▒░ some free, blank all free, · no memory`,
    `${formatShare(known === 0 ? 0 : sum((cell) => cell.free) / known)} free`,
  ].join("\n");
}

function toneOfCell({ frames, free, unknown }: PictureCell): Tone {
  return free === 0 ? "plain" : free === frames - unknown ? "good" : "accent";
}
