/** A script that writes one file anew, in place. */
export interface Generator {
  readonly script: string;
  readonly writes: string;
}

/** Every generated file besides the code of proto/, which buf writes. */
export const GENERATORS: readonly Generator[] = [
  { script: "services/node-emitter/native/generate-wire.ts", writes: "services/node-emitter/src/source/wire.gen.ts" },
  { script: "packages/alerting-core/src/rules/write-schema.ts", writes: "services/alerting/rules/rules.schema.json" },
  { script: "packages/testkit/src/generate/page-kernel.ts", writes: "packages/domain/src/kernel/page-kernel.gen.ts" },
  {
    script: "packages/alerting-core/src/routing/write-schema.ts",
    writes: "services/alerting/routing/routing.schema.json",
  },
];
