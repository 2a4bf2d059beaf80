import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The broker that we test against, and the logging that it is run with. */
export const KAFKA_VERSION = "4.1.1";
const SCALA_VERSION = "2.13";
const SLF4J_VERSION = "1.7.36";
const JAVA_MAJOR_MIN = 17;

const CACHE = fileURLToPath(new URL("../../../../.cache/kafka", import.meta.url));
/** Some 45 files and 43 MB. In milliseconds. */
const DOWNLOAD_MS_MAX = 300_000;

/** Where the broker's archives are, or would be. */
export const KAFKA_JARS = join(CACHE, KAFKA_VERSION);

/** The Java to run: of JAVA_HOME if that is set, else the one on PATH. */
export function javaPath(): string {
  const home = process.env["JAVA_HOME"] ?? "";
  return home === "" ? "java" : join(home, "bin", "java");
}

/** Why there is no Java that can run the broker, or null. */
export function whyNoJava(): string | null {
  const { stderr } = spawnSync(javaPath(), ["-version"], { encoding: "utf8", timeout: 10_000 });
  const major = Number(/version "(\d+)/.exec(stderr ?? "")?.[1] ?? 0);
  if (major >= JAVA_MAJOR_MIN) return null;
  return major === 0 ? "there is no java" : `java is version ${major}, Kafka 4 needs ${JAVA_MAJOR_MIN}`;
}

/**
 * Makes sure that the broker's archives are in the cache: Maven fetches them, by their names, from whatever registry it
 * is set up for. Once; blocks meanwhile.
 * @returns why they could not be had, or null.
 */
export function fetchKafka(): string | null {
  if (existsSync(KAFKA_JARS)) return null;
  mkdirSync(CACHE, { recursive: true });
  const place = mkdtempSync(join(CACHE, "fetching-"));
  try {
    writeFileSync(join(place, "pom.xml"), pom());
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${join(place, "jars")}`];
    const options = { cwd: place, encoding: "utf8", timeout: DOWNLOAD_MS_MAX } as const;
    const { status, error, stdout } = spawnSync("mvn", ["--batch-mode", "--quiet", ...goal], options);
    if (error !== undefined) return `Maven cannot be run: ${error.message}`;
    if (status !== 0) return `Maven could not fetch Kafka ${KAFKA_VERSION}: ${lastError(stdout)}`;
    // Another process may have been faster; its copy is as good as ours.
    if (!existsSync(KAFKA_JARS)) renameSync(join(place, "jars"), KAFKA_JARS);
    return null;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function lastError(output: string): string {
  return output.split("\n").find((line) => line.startsWith("[ERROR]")) ?? "no reason was given";
}

function pom(): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>farmscope</groupId>
  <artifactId>kafka-broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    ${dependency("org.apache.kafka", `kafka_${SCALA_VERSION}`, KAFKA_VERSION)}
    ${dependency("org.slf4j", "slf4j-simple", SLF4J_VERSION)}
  </dependencies>
</project>
`;
}

function dependency(group: string, artifact: string, version: string): string {
  const coordinates = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>`;
  return `<dependency>${coordinates}</dependency>`;
}
