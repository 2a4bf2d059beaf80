/** Writes services/alerting/routing/routing.schema.json anew. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { routingSchemaText } from "./schema.ts";

const file = join(import.meta.dirname, "../../../../services/alerting/routing/routing.schema.json");
await writeFile(file, routingSchemaText());
