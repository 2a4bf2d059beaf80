/**
 * Reads, joins and paints page maps away from the page's own thread: a map of 16 million frames is megabytes of JSON.
 * One request is under way at a time; a newer one ends it.
 */
import type { PageMapAnswer } from "../../../src/schemas/index.ts";
import { joinRuns, type PageMapHead, type RunColumns } from "./columns.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { colour } from "./modes.ts";
import { paintRuns } from "./paint.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
}
const scope = self as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  if (data.kind === "load") void load(data);
  else paint(data);
};

let underWay = new AbortController();
/** The newest map; the page holds a copy. */
let loaded: { readonly id: number; readonly head: PageMapHead; readonly runs: RunColumns } | null = null;

async function load({ id, address, headers }: Extract<ToWorker, { kind: "load" }>): Promise<void> {
  underWay.abort();
  underWay = new AbortController();
  const { signal } = underWay;
  try {
    const answers = await readAll(address, headers, signal);
    const runs = joinRuns(answers.map((answer) => answer.runs));
    const { runs: _runs, ...head } = answers[0] as PageMapAnswer;
    loaded = { id, head, runs };
    scope.postMessage({ kind: "loaded", ...loaded }, []);
  } catch (error) {
    if (signal.aborted) return;
    scope.postMessage({ kind: "failed", id, status: statusOf(error), message: String((error as Error).message) }, []);
  }
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
const statusOf = (error: unknown): number => (error instanceof Refusal ? error.status : 0);

/** Every answer until no more runs follow. */
async function readAll(
  address: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<PageMapAnswer[]> {
  const answers: PageMapAnswer[] = [];
  const url = new URL(address);
  const end = Number(url.searchParams.get("first")) + Number(url.searchParams.get("count"));
  for (let next: number | null = Number(url.searchParams.get("first")); next !== null; ) {
    url.searchParams.set("first", String(next));
    url.searchParams.set("count", String(end - next));
    const response = await fetch(url, { headers, signal });
    if (!response.ok) {
      const problem = (await response.json().catch(() => ({}))) as { detail?: string };
      throw new Refusal(response.status, problem.detail ?? response.statusText);
    }
    const answer = (await response.json()) as PageMapAnswer;
    answers.push(answer);
    next = answer.next;
  }
  return answers;
}

/** What is asked of a map that is not there any more is not answered: the page asks again with the newer one. */
function paint({ id, mode, span }: Extract<ToWorker, { kind: "paint" }>): void {
  if (loaded?.id !== id) return;
  const { classes, entries } = colour(mode, loaded.head, loaded.runs);
  const pixels = paintRuns(loaded.runs, classes, span);
  scope.postMessage({ kind: "painted", id, span, entries, pixels }, [pixels.buffer]);
}
