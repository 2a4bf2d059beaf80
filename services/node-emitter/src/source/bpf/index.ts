export { BpfSource, type BpfSourceOptions } from "./bpf-source.ts";
export { type Capability, probe, whyNoBpf } from "./probe.ts";
