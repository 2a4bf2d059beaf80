export { MemoryCgroup } from "./memory-cgroup.ts";
export { compileProgram, WORKLOADS, Workload, type WorkloadName } from "./workload.ts";
