import { runCli } from "./cli.ts";

// A reader that has seen enough (`farmscope config | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runCli(process.argv.slice(2), process.env, {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  // Source: no-color.org.
  isTerminal: process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "",
});
