// Generated from bpf/include/wire.h by services/node-emitter/native/generate-wire.ts. Do not edit.

export const WIRE_CGROUP_IRQ = 4294967295;

export const WIRE_COMMAND_LEN = 16;

export const WIRE_SLOTS = 200;

export const WIRE_GFP = {
  GFP_USER: 1,
  GFP_WAIT: 2,
  GFP_FS: 4,
  GFP_ACCOUNT: 8,
} as const;

export const WIRE_PAGE_KIND = {
  PAGE_ALLOC: 0,
  PAGE_FREE: 1,
  PAGE_DRAIN: 2,
  PAGE_REFILL: 3,
  PAGE_EXTFRAG: 4,
} as const;

export const WIRE_GC_RUNTIME = {
  GC_V8: 1,
  GC_GO: 2,
} as const;

export const WIRE_GC_PHASE = {
  GC_PHASE_UNSPECIFIED: 0,
  GC_PHASE_SWEEP_TERMINATION: 1,
  GC_PHASE_MARK_TERMINATION: 2,
  GC_PHASE_MARK_RETRY: 3,
} as const;

export const WIRE_PAGE = {
  size: 24,
  timeNs: 0,
  pfn: 8,
  pid: 12,
  cgroup: 16,
  kind: 20,
  order: 21,
  migrateType: 22,
  gfp: 23,
} as const;

export const WIRE_RUNQ = {
  size: 32,
  timeNs: 0,
  delayNs: 8,
  pid: 16,
  previousPid: 20,
  cgroup: 24,
  cpu: 28,
} as const;

export const WIRE_GC = {
  size: 48,
  endTimeNs: 0,
  durationNs: 8,
  pid: 16,
  tid: 20,
  cgroup: 24,
  runtime: 28,
  phase: 29,
  command: 32,
} as const;

export const WIRE_HISTOGRAM = {
  size: 1608,
  sumNs: 0,
  slots: 8,
} as const;

export const WIRE_CONTROL = {
  size: 24,
  vmemmapBase: 0,
  pageKeepOneIn: 8,
  runqKeepOneIn: 12,
  salt: 16,
  blockFrameShift: 20,
} as const;

export const WIRE_OPTIONS = {
  size: 16,
  baseAlignment: 0,
  laneRecords: 8,
  memoryCgroupV1: 12,
} as const;

export const WIRE_COUNTERS = {
  size: 40,
  seen: 0,
  sampledOut: 8,
  ringLost: 16,
  recovered: 24,
  emitted: 32,
} as const;
