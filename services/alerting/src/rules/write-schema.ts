/** Writes rules/rules.schema.json anew: `node services/alerting/src/rules/write-schema.ts`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rulesSchemaText } from "./schema.ts";

await writeFile(join(import.meta.dirname, "../../rules/rules.schema.json"), rulesSchemaText());
