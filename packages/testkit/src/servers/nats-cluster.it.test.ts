import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isAtLeast } from "./binary.ts";
import { NatsServer } from "./nats.ts";
import { NatsCluster } from "./nats-cluster.ts";
import { NATS_NEWER, NATS_VERSIONS } from "./nats-version.ts";

for (const version of NATS_VERSIONS) {
  const missing = NatsServer.missing(version);

  describe(`A ${version} cluster`, { skip: missing === null ? false : `skipped: ${missing}` }, () => {
    test("It has one leader, loses a server, and takes it back.", async () => {
      await using cluster = await NatsCluster.start({ version });
      assert.equal(cluster.servers.length, 3);
      if (version === "newer") assert.equal(cluster.version, NATS_NEWER);
      await cluster.servers[0]!.kill();
      await cluster.settled();
      await cluster.servers[0]!.start();
      await cluster.settled();
    });

    test("Written messages are forced to disk every second where the server can be told so.", async () => {
      await using cluster = await NatsCluster.start({ version });
      const wantedNs = isAtLeast(cluster.version, 2, 10) ? 1e9 : null;
      assert.deepEqual(await cluster.syncIntervalsNs(), [wantedNs, wantedNs, wantedNs]);
    });
  });
}
