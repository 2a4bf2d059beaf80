import type { StageCounter } from "@farmscope/runtime";
import type { QueryContext } from "../context.ts";
import { readStatus } from "../read/status.ts";
import { StatusAnswer } from "../schemas/index.ts";
import { type App, declare } from "./route.ts";

/** The installation itself: who owns what, how far it is, what was lost where. */
export function statusRoutes(app: App, context: QueryContext, requests: StageCounter): void {
  const schema = declare({
    summary: "Owners, positions, lag, loss by stage, dead letters",
    tag: "status",
    answer: StatusAnswer,
  });
  app.get("/api/v1/status", { config: { role: "read" }, schema }, (): Promise<StatusAnswer> => {
    return readStatus(context, [requests, context.live.counter]);
  });
}
