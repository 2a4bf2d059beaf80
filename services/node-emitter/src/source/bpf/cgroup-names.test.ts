import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { WIRE_CGROUP_IRQ } from "../wire.gen.ts";
import { CgroupNames, cgroup2Mount, memoryCgroupV1Mount } from "./cgroup-names.ts";

/** Directories stand for cgroups: both have the inode number as their id. */
function hierarchy(t: { after(clean: () => void): void }): { mount: string; id(path: string): number } {
  const mount = mkdtempSync(join(tmpdir(), "farmscope-cgroups-"));
  t.after(() => rmSync(mount, { recursive: true }));
  mkdirSync(join(mount, "farm.slice/task-1"), { recursive: true });
  return { mount, id: (path) => statSync(join(mount, path)).ino % 2 ** 32 };
}

test("a cgroup that appears is named once, with its path", (t) => {
  const { mount, id } = hierarchy(t);
  const names = new CgroupNames(mount);
  const given: [number, string][] = [];
  const resolve = (): void => names.resolve((cgroup, path) => given.push([cgroup, path]));
  names.need(id("farm.slice/task-1"));
  names.need(id("."));
  resolve();
  names.need(id("farm.slice/task-1"));
  resolve();
  assert.deepEqual(given, [
    [id("farm.slice/task-1"), "/farm.slice/task-1"],
    [id("."), "/"],
  ]);
});

test("a cgroup that is gone stays without a name, and 0 stands for the rest", (t) => {
  const { mount, id } = hierarchy(t);
  const gone = id("farm.slice/task-1");
  rmSync(join(mount, "farm.slice/task-1"), { recursive: true });
  const names = new CgroupNames(mount);
  const given: [number, string][] = [];
  names.need(gone);
  names.need(0);
  names.resolve((cgroup, path) => given.push([cgroup, path]));
  assert.deepEqual(given, [[0, "~rest"]]);
});

test("the memory controller's own hierarchy is found, and missed where it has none", () => {
  const v1 = "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n";
  const memory = "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n";
  assert.equal(memoryCgroupV1Mount(`${v1}${memory}`), "/sys/fs/cgroup/memory");
  assert.equal(memoryCgroupV1Mount(`${v1}cgroup2 /sys/fs/cgroup/unified cgroup2 rw,memory_recursiveprot 0 0\n`), null);
});

test("what interrupts do has an owner of its own", () => {
  const names = new CgroupNames(null);
  names.need(WIRE_CGROUP_IRQ);
  const given: [number, string][] = [];
  names.resolve((cgroup, path) => given.push([cgroup, path]));
  assert.deepEqual(given, [[WIRE_CGROUP_IRQ, "~irq"]]);
});

test("the v2 hierarchy is found beside v1, and missed where it is not mounted", () => {
  const v1 = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n";
  assert.equal(cgroup2Mount(`${v1}cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`), "/sys/fs/cgroup/unified");
  assert.equal(cgroup2Mount(v1), null);
});
