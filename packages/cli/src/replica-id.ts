import { hostname } from "node:os";
import type { Config } from "@farmscope/runtime";

/** The configured name of this replica, or host name and pid. */
export function replicaIdOf(config: Config): string {
  return config.replicaId || `${hostname()}-${process.pid}`;
}
