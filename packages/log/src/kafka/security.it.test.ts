import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { SystemClock } from "@farmscope/runtime";
import { KafkaServer } from "@farmscope/testkit";
import { KafkaLog } from "./kafka-log.ts";

const missing = KafkaServer.missing();
const clock = new SystemClock();

/** Makes a key store for 127.0.0.1, and its certificate in PEM, with the JDK's own tool. */
function makeKeyStore(directory: string): { keyStore: string; password: string; caFile: string } {
  const [keyStore, caFile, password] = [join(directory, "broker.p12"), join(directory, "ca.pem"), "changeit"];
  const common = ["-alias", "broker", "-keystore", keyStore, "-storepass", password];
  const identity = ["-dname", "CN=farmscope-test", "-ext", "san=ip:127.0.0.1", "-keyalg", "EC", "-validity", "2"];
  execFileSync("keytool", ["-genkeypair", "-storetype", "PKCS12", ...common, ...identity], { stdio: "ignore" });
  execFileSync("keytool", ["-exportcert", "-rfc", "-file", caFile, ...common], { stdio: "ignore" });
  return { keyStore, password, caFile };
}

describe("Encryption and SCRAM", { skip: missing === null ? false : `skipped: ${missing}`, timeout: 120_000 }, () => {
  test("With TLS and a login by SCRAM all goes well; without the right authority or password nothing does.", async () => {
    const directory = mkdtempSync(join(tmpdir(), "farmscope-keys-"));
    const { keyStore, password, caFile } = makeKeyStore(directory);
    await using server = await KafkaServer.start({ tls: { keyStore, password }, scramUsers: { farmscope: "right" } });
    const security = {
      tls: "on",
      caFile,
      certFile: "",
      keyFile: "",
      sasl: "scram-sha-512",
      user: "farmscope",
    } as const;
    const open = (other: { caFile?: string; tls?: "off"; password?: string }): KafkaLog => {
      const settings = { namespace: "fs", partitions: 1, bytesMax: 2 ** 28, replicas: 1, clock };
      return new KafkaLog({ ...settings, url: server.url, security: { ...security, password: "right", ...other } });
    };
    const log = open({});
    await log.ensureStreams();
    assert.equal(await log.append({ kind: "view" }, "k", new Uint8Array(1)), 1);
    assert.equal((await log.lastOf({ kind: "view" }, "k"))?.position, 1);
    await log.close();
    for (const wrong of [{ caFile: "" }, { password: "wrong" }, { tls: "off" } as const]) {
      const refused = open(wrong);
      await assert.rejects(refused.ensureStreams(), { code: "LOG_UNAVAILABLE", retriable: true });
      await refused.close();
    }
    rmSync(directory, { recursive: true });
  });
});
