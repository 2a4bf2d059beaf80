/** Writes rules/rules.schema.json anew: `node packages/alerting-core/src/rules/write-schema.ts`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rulesSchemaText } from "./schema.ts";

await writeFile(join(import.meta.dirname, "../../../../services/alerting/rules/rules.schema.json"), rulesSchemaText());
