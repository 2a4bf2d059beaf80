import type { Problem } from "@farmscope/query-api";
import { type Config, ERROR_CODES, type ErrorCode, OperatingError } from "@farmscope/runtime";
import { readRunState } from "../stack/run-state.ts";

/** The API folds the log for questions about the past; that may take this long. */
const ANSWER_MS_MAX = 30_000;

/** Asks the query API that runs on this data directory, or the one that the settings name. */
export class ApiClient {
  readonly http: string;
  readonly #token: string;

  constructor(config: Pick<Config, "dataDir" | "http" | "token">) {
    this.http = readRunState(config.dataDir)?.http ?? config.http;
    this.#token = config.token;
  }

  /**
   * @param path with a leading slash.
   * @throws {OperatingError} TOOL_MISSING nobody answers there; the problem document's own code otherwise.
   */
  async get<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<T> {
    const url = new URL(`http://${this.http}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const response = await this.#fetch(url);
    if (response.ok) return (await response.json()) as T;
    throw refusal(response.status, (await response.json().catch(() => null)) as Partial<Problem> | null);
  }

  async #fetch(url: URL): Promise<Response> {
    const headers = {
      accept: "application/json",
      ...(this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    try {
      return await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    } catch (cause) {
      throw new OperatingError(
        "TOOL_MISSING",
        `no query API answers at http://${this.http}: nothing is running there`,
        {
          cause,
          remedy: "start one with `npm start` (or `farmscope up`), or set FARMSCOPE_HTTP to where it listens",
        },
      );
    }
  }
}

function refusal(status: number, problem: Partial<Problem> | null): OperatingError {
  const code = ERROR_CODES.find((known) => known === problem?.code) ?? ("REQUEST_INVALID" satisfies ErrorCode);
  const faults = (problem?.errors ?? []).map((fault) => `${fault.field} ${fault.message}`);
  const message = [problem?.detail ?? `the query API answered ${status}`, ...faults].join("\n");
  return new OperatingError(code, message, problem?.remedy === undefined ? {} : { remedy: problem.remedy });
}
