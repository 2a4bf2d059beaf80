import { pageMapRuns } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";
import type { FastifyReply } from "fastify";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { PIXELS_DEFAULT, PIXELS_MAX } from "../limits.ts";
import { nodeStandingOf } from "../measure/node.ts";
import { num } from "../measure/number.ts";
import { parseMoment } from "../moment.ts";
import { answerRuns } from "../page-map/answer-runs.ts";
import { legendOf, STATE_NAMES } from "../page-map/palette.ts";
import { encodePicture, type PictureShape, paint, shapeOf } from "../page-map/picture.ts";
import { spanOf, zonesOf } from "../page-map/span.ts";
import { rfc3339 } from "../period.ts";
import { RequestInvalid } from "../problems.ts";
import { atOf } from "../read/at.ts";
import type { PageMap } from "../read/page-maps.ts";
import { PageMapAnswer, PageMapQuery } from "../schemas/index.ts";
import { nodeParams } from "./nodes.ts";
import { type App, declare, hangUpSignal } from "./route.ts";

const WIDTH_DEFAULT = 1_024;
const MAX_ORDER_DEFAULT = 10;
const PNG = "image/png";

/** The page map of a node: runs as JSON, or a picture. */
export function pageRoutes(app: App, context: QueryContext): void {
  const schema = declare({
    summary: "A node's page map: every page frame's state; a picture when image/png is accepted",
    tag: "nodes",
    params: nodeParams,
    querystring: PageMapQuery,
    answer: PageMapAnswer,
    alternatives: { [PNG]: Type.String({ format: "binary" }) },
  });
  app.get("/api/v1/nodes/:node/pages", { config: { role: "read" }, schema }, async (request, reply) => {
    const wantsPicture = negotiate(request.headers.accept);
    const { scale, width = WIDTH_DEFAULT } = request.query;
    if (!wantsPicture && (scale !== undefined || request.query.width !== undefined)) {
      const field = scale === undefined ? "width" : "scale";
      throw new RequestInvalid([{ field, message: `applies to pictures only: send Accept: ${PNG}` }]);
    }
    const { map, standing } = await readMap(context, request.params.node, request.query.at, hangUpSignal(reply));
    const span = spanOf(map.view, request.query);
    if (!wantsPicture) return answerOf(map, span, standing);
    const shape = shapeOf(span, { scale, width, pixelsDefault: PIXELS_DEFAULT });
    return sendPicture(reply, map, shape, standing);
  });
}

/** Whether a picture is wanted: the first of the two that is accepted by name decides; JSON for anything goes. */
function negotiate(accept = "*/*"): boolean {
  const types = accept.split(",").map((part) => part.split(";", 1)[0]?.trim().toLowerCase() ?? "");
  for (const type of types) {
    if (type === PNG || type === "image/*") return true;
    if (type === "application/json" || type === "application/*" || type === "*/*") return false;
  }
  throw new OperatingError("NOT_ACCEPTABLE", `a page map is application/json or ${PNG}`);
}

async function readMap(
  context: QueryContext,
  node: string,
  at: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly map: PageMap; readonly standing: Standing }> {
  const { pageMaps, past, views } = context;
  const moment = parseMoment(at);
  if (moment === null) {
    const map = await pageMaps.get(node, signal);
    return { map, standing: { ...nodeStandingOf(await views.node(node)), ...standingOfMap(map) } };
  }
  await views.node(node);
  return past.at(node, moment, signal, (found) => ({
    map: found.map(),
    standing: { ...nodeStandingOf(found.view, "log"), at: atOf(context, found) },
  }));
}

/** A map stands for its own position, which may be a little behind the node's. */
function standingOfMap({ view }: PageMap) {
  return { position: num(view.position), at: rfc3339(num(view.watermarkMs)) };
}

type Standing = ReturnType<typeof nodeStandingOf>;

function answerOf({ view, runs }: PageMap, span: { first: number; count: number }, standing: Standing): PageMapAnswer {
  const maxOrder = view.facts?.maxOrder ?? MAX_ORDER_DEFAULT;
  return {
    ...standing,
    watermarkMs: num(view.watermarkMs),
    pageSizeBytes: view.facts?.pageSizeBytes ?? 4096,
    hugeOrder: view.facts?.hugeOrder ?? 9,
    maxOrder,
    frames: view.frames,
    zones: zonesOf(view),
    states: [...STATE_NAMES],
    legend: legendOf(maxOrder),
    ...answerRuns(pageMapRuns(runs, view.frames), span),
  };
}

function sendPicture(
  reply: FastifyReply,
  { view, runs }: PageMap,
  shape: PictureShape,
  standing: Standing,
): FastifyReply {
  if (shape.width * shape.height > PIXELS_MAX) {
    throw new OperatingError(
      "QUERY_TOO_LARGE",
      `${shape.width} x ${shape.height} pixels; at most ${PIXELS_MAX} are painted`,
      {
        remedy: "ask for a larger scale or fewer frames",
      },
    );
  }
  const pixels = paint(pageMapRuns(runs, view.frames), shape);
  const png = encodePicture(pixels, shape, view.facts?.maxOrder ?? MAX_ORDER_DEFAULT);
  return reply
    .type(PNG)
    .headers({
      "cache-control": "no-store",
      "x-farmscope-position": standing.position,
      "x-farmscope-at": standing.at,
      "x-farmscope-coverage": standing.coverage,
      "x-farmscope-first": shape.first,
      "x-farmscope-count": shape.count,
      "x-farmscope-scale": shape.scale,
    })
    .send(Buffer.from(png.buffer, png.byteOffset, png.byteLength));
}
