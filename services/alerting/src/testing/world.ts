/** Everything that alerting needs, in memory, under a clock that stands still until it is moved. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { checkRuleTexts, immediateRouting } from "@farmscope/alerting-core";
import { type Coordination, openCoordination } from "@farmscope/coordination";
import type { Rule } from "@farmscope/domain";
import { MemoryLog } from "@farmscope/log";
import {
  type AlertRecord,
  AlertRecordSchema,
  create,
  FarmWindowSchema,
  fromBinary,
  OrderMemorySchema,
  toBinary,
  ViewRecordSchema,
} from "@farmscope/proto";
import { createLogger, ManualClock } from "@farmscope/runtime";
import { MemoryStore } from "@farmscope/store";
import { Alerting, type AlertingOptions } from "../app.ts";
import { WebhookNotifier } from "../notifiers/webhook/webhook.ts";
import { Receiver } from "./receiver.ts";

const WINDOW_MS = 10_000;
/** Longest real time that a test waits for something to happen, counted in turns of the event loop. */
const TURNS_MAX = 20_000;
const STEP_MS = 500;

/** A rule that fires at 0.6 and clears at 0.5, critical from 0.85 to 0.8, at the first sample. */
export const RULES = rulesOf(`
groups:
  - name: memory
    rules:
      - alert: FarmFragmented
        signal: unusable_free_space_index
        warning: { above: 0.6, clear_below: 0.5 }
        critical: { above: 0.85, clear_below: 0.8 }
        annotations: { summary: "{{ .farm }} {{ .value | percent }}" }
`);

export function rulesOf(yaml: string): readonly Rule[] {
  const { rules, faults } = checkRuleTexts(new Map([["test.yaml", yaml]]));
  assert.deepEqual(faults, []);
  return rules;
}

/** A replica of alerting that runs. */
export interface Replica {
  readonly alerting: Alerting;
  /** Stops it in an orderly way. */
  stop(): Promise<void>;
}

export class World {
  readonly clock = new ManualClock();
  readonly log = new MemoryLog({ clock: this.clock });
  readonly store = new MemoryStore(this.clock);
  readonly coordination: Coordination;
  readonly receiver: Receiver;
  readonly #replicas = new Set<Replica>();
  #windows = new Map<string, number>();

  private constructor(receiver: Receiver) {
    this.receiver = receiver;
    this.coordination = openCoordination({ kind: "memory", url: "", namespace: "fs", replicas: 1, clock: this.clock });
  }

  static async open(t: TestContext): Promise<World> {
    const world = new World(await Receiver.open());
    t.after(async () => {
      for (const replica of world.#replicas) await replica.stop();
      world.receiver.close();
    });
    return world;
  }

  start(changes: Partial<AlertingOptions> = {}): Replica {
    const { log, store, coordination, clock } = this;
    const { notifiers = [this.webhook()] } = changes;
    const alerting = new Alerting({
      log,
      store,
      coordination,
      clock,
      logger: createLogger("alerting", "silent"),
      namespace: "fs",
      replicaId: "a",
      rules: RULES,
      notifiers,
      routing: immediateRouting(notifiers.map(({ target }) => ({ ...target, address: null, secret: null }))),
      heartbeat: null,
      consoleUrl: "",
      ...changes,
    });
    const stop = new AbortController();
    const running = alerting.run(stop.signal);
    const replica: Replica = {
      alerting,
      stop: async () => {
        this.#replicas.delete(replica);
        stop.abort();
        await running;
      },
    };
    this.#replicas.add(replica);
    return replica;
  }

  /** A notifier for the receiver. */
  webhook(name = "webhook"): WebhookNotifier {
    const target = { name, kind: "webhook", sendResolved: true } as const;
    return new WebhookNotifier({ target, url: this.receiver.url, secret: "hush", clock: this.clock });
  }

  /** Appends a farm's next closing record for each index of unusable free space. */
  async windows(indexes: readonly number[], farm = "default", revision = 0): Promise<void> {
    for (const unusableIndex of indexes) {
      const at = this.#windows.get(farm) ?? 0;
      this.#windows.set(farm, at + 1);
      await this.appendWindow(at, unusableIndex, farm, revision);
    }
  }

  async appendWindow(at: number, unusableIndex: number, farm = "default", revision = 0): Promise<void> {
    const window = create(FarmWindowSchema, {
      farm,
      widthMs: WINDOW_MS,
      startMs: BigInt(at * WINDOW_MS),
      revision,
      hugeOrder: 9,
      managedPages: 1000n,
      coverage: 1,
      orders: [create(OrderMemorySchema, { order: 9, unusableIndex })],
    });
    const id = `farm/${farm}/${WINDOW_MS}/${at * WINDOW_MS}/${revision}`;
    const record = create(ViewRecordSchema, { foldVersion: 1, id, body: { case: "farm", value: window } });
    await this.log.append({ kind: "view" }, `farm/${farm}`, toBinary(ViewRecordSchema, record));
  }

  /** Moves the clock in steps, letting everything that is due happen after each. */
  async pass(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
      await this.clock.advance(Math.min(STEP_MS, leftMs));
      await turns(5);
    }
  }

  /** Waits, without moving the clock, until something has happened. */
  async until(what: string, happened: () => boolean | Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (await happened()) return;
      await turns(1);
    }
    assert.fail(`never happened: ${what}; told: ${this.receiver.told.join(", ")}`);
  }

  /** Waits until a replica has evaluated all windows and has nothing waiting. */
  async settled({ alerting }: Replica): Promise<void> {
    const { last } = await this.log.positions({ kind: "view" });
    await this.until(`position ${last}`, () => alerting.status().position === last && alerting.status().waiting === 0);
  }

  /** Everything in fs.alert, in order. */
  async alertRecords(): Promise<AlertRecord[]> {
    const { last } = await this.log.positions({ kind: "alert" });
    const reader = await this.log.read({ kind: "alert" }, { from: 1 });
    const records = last === 0 ? [] : await reader.next(last, 0);
    await reader.close();
    return records.map((record) => fromBinary(AlertRecordSchema, record.payload));
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
