/** `npm run check`: the checks alone, without the tests. */
import { runChecks } from "./checks/run.ts";
import { closingLine, details } from "./runner/report.ts";

const result = await runChecks(console.log);
console.log(`\n${details(result)}\n${closingLine([result])}`);
process.exitCode = result.failed > 0 ? 1 : 0;
