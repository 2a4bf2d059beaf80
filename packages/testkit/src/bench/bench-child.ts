/** Runs the bench named on the command line and ends with its result as one JSON line. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { REPO_ROOT } from "../repo.ts";
import type { BenchModule } from "./bench.ts";

const [file, size] = process.argv.slice(2);
const bench = (await import(pathToFileURL(join(REPO_ROOT, file!)).href)) as BenchModule;
const result = await bench.run({ smoke: size === "smoke" });
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
