import { probe } from "@farmscope/node-emitter/bpf";
import { defineCommand } from "../command.ts";
import { diskFinding } from "../doctor/disk.ts";
import { type Finding, renderFindings } from "../doctor/finding.ts";
import { serverFindings } from "../doctor/servers.ts";
import { setUpFindings } from "../doctor/set-up.ts";

export const doctor = defineCommand({
  description:
    "Says what this machine can and cannot do, each with the way out: BPF and what it needs, the servers and how durable\n" +
    "they are, what set-up has built, room on the disk. Exit code 3 when Farmscope cannot run at all.",
  flags: {},

  async run({ config, clock, output }) {
    const findings: Finding[] = [
      ...(await kernelFindings()),
      ...(await serverFindings(config, clock)),
      ...setUpFindings(),
      diskFinding(config.dataDir, config.logBytesMax),
    ];
    output.answer({ findings }, () => renderFindings(findings));
    return findings.some((finding) => finding.needed && !finding.ok) ? 3 : 0;
  },
});

/** None of them is needed: without the kernel the recorded trace is played. */
async function kernelFindings(): Promise<Finding[]> {
  const found = await probe();
  return found.map(({ name, ok, detail, remedy }) => ({ group: "kernel", needed: false, name, ok, detail, remedy }));
}
