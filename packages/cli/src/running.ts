import type { Config } from "@farmscope/runtime";
import { readRunState } from "./stack/run-state.ts";

/** The settings, completed by what an `up` on the same data directory runs with: its servers, namespace and partitions. */
export function runningConfig(config: Config): Config {
  const running = readRunState(config.dataDir);
  if (running === null || (config.natsUrl !== "" && config.redisUrl !== "")) return config;
  const { natsUrl, redisUrl, namespace, partitions } = running;
  return { ...config, natsUrl, redisUrl, namespace, partitions };
}
