import { runCommand } from "../command.ts";
import { repoFiles } from "../repo.ts";
import { type Check, outcomeOf } from "./check.ts";

/** C and C++ are laid out as .clang-format says. */
export const cFormat: Check = {
  name: "C is formatted (clang-format)",
  run: async () => {
    if ((await runCommand("clang-format", ["--version"])).code !== 0) {
      return { outcome: "skipped", text: "clang-format: not installed" };
    }
    const files = repoFiles().filter((path) => /\.(c|h|cc)$/.test(path));
    return outcomeOf(await runCommand("clang-format", ["--dry-run", "--Werror", ...files]));
  },
};
