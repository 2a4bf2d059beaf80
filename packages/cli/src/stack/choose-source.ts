import type { SourceFlags } from "./source-flags.ts";

/**
 * Decides between the kernel and the recorded trace, and says why when it is not the kernel.
 * @param wanted what was asked for; "auto" takes the kernel where that is possible.
 */
export async function chooseSource(
  wanted: SourceFlags["source"],
  tell: (line: string) => void,
): Promise<"bpf" | "trace" | "synthetic"> {
  if (wanted !== "auto") return wanted;
  const { whyNoBpf } = await import("@farmscope/node-emitter/bpf");
  const reason = await whyNoBpf();
  if (reason === null) return "bpf";
  tell(`the kernel cannot be watched: ${reason}`);
  tell("playing the recorded trace instead (farmscope doctor tells the ways out)");
  return "trace";
}
