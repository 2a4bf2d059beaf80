import { OperatingError } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { LIVE_CLIENTS_MAX } from "../limits.ts";
import type { LiveFilter } from "../live/live-event.ts";
import type { LiveSink } from "../live/live-hub.ts";
import { rfc3339 } from "../period.ts";
import { type LiveEventName, LiveQuery, liveEvents } from "../schemas/index.ts";
import { type App, declare } from "./route.ts";

/** Milliseconds after which a browser connects again. */
const RECONNECT_MS = 2_000;

/** What happens, as it happens: server-sent events. */
export function liveRoutes(app: App, { clock, live }: QueryContext): void {
  const schema = declare({
    summary: "Live events: node, farm, window, alert, and reset when everything must be read anew",
    tag: "live",
    querystring: LiveQuery,
    answer: Type.Object(liveEvents, { description: "Never sent as JSON: the data of each kind of event." }),
    alternatives: { "text/event-stream": Type.String({ description: "WHATWG server-sent events" }) },
  });
  app.get("/api/v1/live", { config: { role: "read", isStream: true }, schema }, async (request, reply) => {
    if (live.clients >= LIVE_CLIENTS_MAX) {
      throw new OperatingError("OVERLOADED", `${LIVE_CLIENTS_MAX} clients are listening`, { retriable: true });
    }
    const { events, farm = null, node = null } = request.query;
    const wanted = events === undefined ? null : new Set(events.split(",") as LiveEventName[]);
    const filter: LiveFilter = { events: wanted, farm, node };
    const lastEventId = request.headers["last-event-id"];
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    raw.write(`retry: ${RECONNECT_MS}\n\n`);
    const sink: LiveSink = {
      write: (text) => void raw.write(text),
      get waitingBytes() {
        return raw.writableLength;
      },
      // Not end(): that would wait until a client that does not read has read everything.
      end: () => void raw.destroy(),
    };
    const reset = { coverage: 1, at: rfc3339(clock.nowMs()), reason: "events were missed: read everything anew" };
    const remove = live.add(sink, filter, typeof lastEventId === "string" ? lastEventId : null, reset);
    raw.once("close", remove);
  });
}
