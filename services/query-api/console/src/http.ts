/** Requests to the query API: one place that knows of tokens, problem documents and addresses. */
import type { Problem } from "../../src/schemas/index.ts";

/** A refusal or failure of the API, with the problem document's way out where it has one. */
export class ApiError extends Error {
  readonly status: number;
  readonly remedy: string | undefined;

  constructor(status: number, message: string, remedy?: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.remedy = remedy;
  }
}

const TOKEN_KEY = "farmscope-token";

/** The bearer token that this tab sends; it is kept for as long as the tab lives. */
export const readToken = (): string => sessionStorage.getItem(TOKEN_KEY) ?? "";
export const writeToken = (token: string): void => sessionStorage.setItem(TOKEN_KEY, token);

/** Heard when the API wants to know who asks. */
export const TOKEN_WANTED = "farmscope-token-wanted";

export function headersFor(accept: string): Record<string, string> {
  const token = readToken();
  return token === "" ? { accept } : { accept, authorization: `Bearer ${token}` };
}

async function fail(response: Response): Promise<never> {
  if (response.status === 401) dispatchEvent(new Event(TOKEN_WANTED));
  const problem = (await response.json().catch(() => null)) as Partial<Problem> | null;
  throw new ApiError(response.status, problem?.detail ?? problem?.title ?? response.statusText, problem?.remedy);
}

/** @throws {ApiError} */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, { headers: headersFor("application/json"), ...(signal ? { signal } : {}) });
  if (!response.ok) return fail(response);
  return (await response.json()) as T;
}

/** @throws {ApiError} @returns the answer, or null when there is none. */
export async function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T | null> {
  const headers = headersFor("application/json");
  const content =
    body === undefined
      ? { headers }
      : { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { method, ...content });
  if (!response.ok) return fail(response);
  return response.status === 204 ? null : ((await response.json()) as T);
}

/** The query of a request; what is null, undefined or empty is left out. */
export function queryOf(values: Readonly<Record<string, string | number | null | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}
