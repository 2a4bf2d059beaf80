import { OperatingError } from "@farmscope/runtime";
import Type from "typebox";
import type { QueryContext } from "../context.ts";
import { rfc3339 } from "../period.ts";
import { MembershipAnswer, Name } from "../schemas/index.ts";
import { type App, declare } from "./route.ts";

const params = Type.Object({ farm: Name("Name of the farm."), node: Name("Id of the node.") });

/** The registry: which farm a node belongs to. */
export function registryRoutes(app: App, { clock, registry, views }: QueryContext): void {
  const schema = declare({ summary: "Moves a node to a farm", tag: "farms", params, answer: MembershipAnswer });
  const config = { role: "operate" } as const;
  app.put("/api/v1/farms/:farm/nodes/:node", { config, schema }, async (request): Promise<MembershipAnswer> => {
    const { farm, node } = request.params;
    const { version, place, changed } = await registry.assign(node, farm, request.asker);
    const reportedFarm = await reportedFarmOf(views, node);
    const { position, by } = place;
    return { coverage: 1, at: rfc3339(clock.nowMs()), node, farm, version, position, changed, by, reportedFarm };
  });
}

/** A node may be registered before it is seen for the first time, and while the store is away. */
async function reportedFarmOf(views: QueryContext["views"], node: string): Promise<string | null> {
  try {
    return (await views.node(node)).farm;
  } catch (error) {
    if (error instanceof OperatingError && ["NOT_FOUND", "STORE_UNAVAILABLE"].includes(error.code)) return null;
    throw error;
  }
}
