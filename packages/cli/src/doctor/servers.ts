import { type Clock, type Config, createLogger, messageOf } from "@farmscope/runtime";
import { findBinary, isAtLeast, type ServerProgram } from "@farmscope/testkit";
import { openPorts } from "../ports.ts";
import { readRunState } from "../stack/run-state.ts";
import type { Finding } from "./finding.ts";

const NATS: ServerProgram = { name: "nats-server", requiredAs: "nats", overrideName: "FARMSCOPE_NATS_SERVER" };
const REDIS: ServerProgram = { name: "redis-server", requiredAs: "redis", overrideName: "FARMSCOPE_REDIS_SERVER" };

/** The version from which nats-server knows `sync_interval` in its configuration. */
const SYNC_INTERVAL_SINCE = [2, 10] as const;

/** Time that servers have to answer, in milliseconds. */
const ANSWER_MS_MAX = 3_000;

/** What the servers in use are: those configured or running, else the programs that would be started. */
export async function serverFindings(config: Config, clock: Clock): Promise<Finding[]> {
  const running = readRunState(config.dataDir);
  const natsUrl = config.natsUrl || running?.natsUrl || "";
  const redisUrl = config.redisUrl || running?.redisUrl || "";
  const programs = [
    ...(natsUrl === "" ? programFindings(NATS) : []),
    ...(redisUrl === "" ? programFindings(REDIS) : []),
  ];
  if (natsUrl === "" || redisUrl === "") return programs;
  return await liveFindings({ ...config, natsUrl, redisUrl }, clock);
}

function programFindings(program: ServerProgram): Finding[] {
  const binary = findBinary(program);
  const common = { group: "servers", needed: true } as const;
  if (binary === null) {
    const remedy = `npm run setup, or set ${program.overrideName} to its path`;
    return [{ ...common, name: program.name, ok: false, detail: "not found", remedy }];
  }
  const found: Finding = {
    ...common,
    name: program.name,
    ok: true,
    detail: `${binary.version} at ${binary.path}`,
    remedy: null,
  };
  if (program !== NATS || isAtLeast(binary.version, ...SYNC_INTERVAL_SINCE)) return [found];
  return [
    found,
    {
      ...common,
      needed: false,
      name: "durability on power loss",
      ok: false,
      detail: `nats-server ${binary.version} forces messages to disk every 2 minutes: the newest can be lost`,
      remedy: "nats-server 2.10 or newer (Debian trixie has it; FARMSCOPE_NATS_SERVER names its path)",
    },
  ];
}

async function liveFindings(config: Config, clock: Clock): Promise<Finding[]> {
  const ports = await openPorts(config, clock, createLogger("doctor", "silent"));
  try {
    return [
      await liveFinding("event log", () => ports.log.describe(), clock),
      await liveFinding("view store", () => ports.store.describe(), clock),
    ].flat();
  } finally {
    await ports.close();
  }
}

interface Description {
  readonly kind: string;
  readonly version: string;
  readonly connected: boolean;
  readonly warnings: readonly string[];
}

async function liveFinding(name: string, describe: () => Promise<Description>, clock: Clock): Promise<Finding[]> {
  const answered = new AbortController();
  const silence = clock.sleep(ANSWER_MS_MAX, answered.signal).then(() => Promise.reject(new Error("no answer")));
  const common = { group: "servers", name } as const;
  try {
    const { kind, version, connected, warnings } = await Promise.race([describe(), silence]);
    const remedy = connected ? null : "start the server, or correct its URL (farmscope config)";
    const detail = connected ? `${kind} ${version}` : `${kind}: not connected`;
    const warned = warnings.map((warning) => ({ ...common, needed: false, ok: false, detail: warning, remedy: null }));
    return [{ ...common, needed: true, ok: connected, detail, remedy }, ...warned];
  } catch (error) {
    const remedy = "start the server, or correct its URL (farmscope config)";
    return [{ ...common, needed: true, ok: false, detail: messageOf(error), remedy }];
  } finally {
    answered.abort();
  }
}
