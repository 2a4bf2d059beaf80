import { OperatingError } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { annotationOf, controlAnswer } from "../measure/control.ts";
import { rfc3339 } from "../period.ts";
import {
  Annotation,
  AnnotationRequest,
  AnnotationsAnswer,
  AnnotationsQuery,
  ControlAnswer,
  ControlRequest,
  Name,
} from "../schemas/index.ts";
import { appendControl, newId, parseTimes } from "../write/operations.ts";
import { type App, declare } from "./route.ts";

const params = Type.Object({ farm: Name("Name of the farm.") });
const LIMIT_DEFAULT = 100;

/** What people ask of farms, and tell of them. */
export function controlRoutes(app: App, context: QueryContext): void {
  samplingRoutes(app, context);
  annotationRoutes(app, context);
}

function samplingRoutes(app: App, { clock, control, controlled }: QueryContext): void {
  const answer = (farm: string): ControlAnswer => controlAnswer(controlled.book, farm, clock.nowMs());

  const read = declare({
    summary: "What is asked of a farm's emitters",
    tag: "control",
    params,
    answer: ControlAnswer,
  });
  app.get(
    "/api/v1/control/:farm",
    { config: { role: "read" }, schema: read },
    async (request): Promise<ControlAnswer> => {
      await controlled.refresh();
      return answer(request.params.farm);
    },
  );

  const change = declare({
    summary: "Asks a farm's emitters to sample",
    tag: "control",
    params,
    body: ControlRequest,
    answer: ControlAnswer,
  });
  const config = { role: "operate" } as const;
  app.put("/api/v1/control/:farm", { config, schema: change }, async (request): Promise<ControlAnswer> => {
    const { farm } = request.params;
    await controlled.refresh();
    // A record says everything that is asked of its farm, so what is not named stays as it was.
    const said = controlled.book.samplings.ofFarm(farm);
    const { pageKeepOneIn = said?.pageKeepOneIn ?? 0, runqKeepOneIn = said?.runqKeepOneIn ?? 0 } = request.body;
    const value = { farm, pageKeepOneIn, runqKeepOneIn };
    await appendControl(control, controlled, { case: "sampling", value }, request.asker);
    if (controlled.book.samplings.ofFarm(farm) === null) {
      const remedy = "take back what is asked of other farms";
      throw new OperatingError("OVERLOADED", "as many farms and nodes are sampled as may be", { remedy });
    }
    return answer(farm);
  });
}

function annotationRoutes(app: App, { clock, control, controlled }: QueryContext): void {
  const list = declare({
    summary: "Changes that were told of",
    tag: "control",
    querystring: AnnotationsQuery,
    answer: AnnotationsAnswer,
  });
  const path = "/api/v1/annotations";
  app.get(path, { config: { role: "read" }, schema: list }, async (request): Promise<AnnotationsAnswer> => {
    const { from, to, farm, limit = LIMIT_DEFAULT } = request.query;
    const range = parseTimes({ from, to }, { from: 0, to: Number.MAX_SAFE_INTEGER });
    await controlled.refresh();
    const { book } = controlled;
    const query = { fromMs: range.from, toMs: range.to, ...(farm === undefined ? {} : { farm }) };
    const annotations = book.annotations.inRange(query).toReversed().slice(0, limit).map(annotationOf);
    return { coverage: 1, at: rfc3339(clock.nowMs()), position: book.position, annotations };
  });

  const tell = declare({
    summary: "Tells of a change",
    tag: "control",
    body: AnnotationRequest,
    answer: Annotation,
    status: 201,
  });
  app.post(path, { config: { role: "operate" }, schema: tell }, async (request, reply): Promise<Annotation> => {
    const { at, until, farm = "", node = "", text, tags = {}, url = "" } = request.body;
    const times = parseTimes({ at, until }, { at: clock.nowMs(), until: 0 });
    const value = { id: newId(), atMs: BigInt(times.at), untilMs: BigInt(times.until), farm, node, text, tags, url };
    await appendControl(control, controlled, { case: "annotation", value }, request.asker);
    void reply.code(201);
    return annotationOf(controlled.book.annotations.get(value.id)!);
  });
}
