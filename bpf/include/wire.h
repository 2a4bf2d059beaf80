/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * THE record layout between the kernel programs and user space. TypeScript offsets are generated from this file; every
 * size and offset is asserted. One ring buffer carries records of one kind and size.
 */
#ifndef FARMSCOPE_WIRE_H
#define FARMSCOPE_WIRE_H

#ifndef __VMLINUX_H__
#include <stddef.h>
#include <stdint.h>
typedef uint64_t wire_u64;
typedef uint32_t wire_u32;
typedef uint16_t wire_u16;
typedef uint8_t wire_u8;
#else
typedef __u64 wire_u64;
typedef __u32 wire_u32;
typedef __u16 wire_u16;
typedef __u8 wire_u8;
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

/* The owner of what is done in interrupts: no cgroup has this number. */
#define WIRE_CGROUP_IRQ 4294967295

/* What an allocation asked for: a class of gfp flags in four bits. Same numbers as GfpClass in columns.ts. */
enum wire_gfp {
	WIRE_GFP_USER = 1,    /* __GFP_HIGHMEM: memory of processes and of files */
	WIRE_GFP_WAIT = 2,    /* __GFP_DIRECT_RECLAIM: the caller can wait */
	WIRE_GFP_FS = 4,      /* __GFP_FS: reclaim may enter file systems */
	WIRE_GFP_ACCOUNT = 8, /* __GFP_ACCOUNT: kernel memory charged to a cgroup */
};

/* Same numbers as PageEventKind in packages/domain/src/page/columns.ts. */
enum wire_page_kind {
	WIRE_PAGE_ALLOC = 0,
	WIRE_PAGE_FREE = 1,
	WIRE_PAGE_DRAIN = 2,
	WIRE_PAGE_REFILL = 3,
	WIRE_PAGE_EXTFRAG = 4,
};

/*
 * A page event as the native shim merges it from the lanes (lane.h).
 *
 *  0       8     12    16      20    21     22            23
 *  +-------+-----+-----+-------+-----+------+-------------+-----+
 *  |time_ns| pfn | pid |cgroup | kind| order| migrate_type| gfp |   24 bytes
 *  +-------+-----+-----+-------+-----+------+-------------+-----+
 */
struct wire_page {
	wire_u64 time_ns; /* CLOCK_MONOTONIC */
	wire_u32 pfn;
	wire_u32 pid;	 /* thread group id; 0 in interrupts */
	wire_u32 cgroup; /* low half of the cgroup id; WIRE_CGROUP_IRQ in interrupts */
	wire_u8 kind;
	wire_u8 order;
	wire_u8 migrate_type;
	wire_u8 gfp; /* bits of wire_gfp, of allocations */
};
_Static_assert(sizeof(struct wire_page) == 24, "wire_page is 24 bytes");
_Static_assert(offsetof(struct wire_page, pfn) == 8, "pfn at 8");
_Static_assert(offsetof(struct wire_page, pid) == 12, "pid at 12");
_Static_assert(offsetof(struct wire_page, cgroup) == 16, "cgroup at 16");
_Static_assert(offsetof(struct wire_page, kind) == 20, "kind at 20");
_Static_assert(offsetof(struct wire_page, order) == 21, "order at 21");
_Static_assert(offsetof(struct wire_page, migrate_type) == 22, "migrate_type at 22");
_Static_assert(offsetof(struct wire_page, gfp) == 23, "gfp at 23");

/*
 *  0       8         16    20            24      28    30
 *  +-------+---------+-----+-------------+-------+-----+----------+
 *  |time_ns| delay_ns| pid | previous_pid| cgroup| cpu | reserved |   32 bytes
 *  +-------+---------+-----+-------------+-------+-----+----------+
 */
struct wire_runq {
	wire_u64 time_ns; /* CLOCK_MONOTONIC at the switch in */
	wire_u64 delay_ns;
	wire_u32 pid; /* task (thread) id */
	wire_u32 previous_pid;
	wire_u32 cgroup;
	wire_u16 cpu;
	wire_u16 reserved;
};
_Static_assert(sizeof(struct wire_runq) == 32, "wire_runq is 32 bytes");
_Static_assert(offsetof(struct wire_runq, delay_ns) == 8, "delay_ns at 8");
_Static_assert(offsetof(struct wire_runq, pid) == 16, "pid at 16");
_Static_assert(offsetof(struct wire_runq, previous_pid) == 20, "previous_pid at 20");
_Static_assert(offsetof(struct wire_runq, cgroup) == 24, "cgroup at 24");
_Static_assert(offsetof(struct wire_runq, cpu) == 28, "cpu at 28");
_Static_assert(offsetof(struct wire_runq, reserved) == 30, "reserved at 30");

/* Same numbers as GcRuntime in proto/farmscope/event/v1/event.proto. */
enum wire_gc_runtime {
	WIRE_GC_V8 = 1,
	WIRE_GC_GO = 2,
};

/* What a Go pause was for; a cycle has one mark termination. V8 leaves it unspecified. */
enum wire_gc_phase {
	WIRE_GC_PHASE_UNSPECIFIED = 0,
	WIRE_GC_PHASE_SWEEP_TERMINATION = 1,
	WIRE_GC_PHASE_MARK_TERMINATION = 2,
	WIRE_GC_PHASE_MARK_RETRY = 3, /* stopped for mark termination, found more to mark and went on */
};

#define WIRE_COMMAND_LEN 16 /* TASK_COMM_LEN, include/linux/sched.h */

/*
 *  0           8             16    20    24      28       29     30            32
 *  +-----------+-------------+-----+-----+-------+--------+------+-------------+---------+
 *  |end_time_ns| duration_ns | pid | tid | cgroup| runtime| phase| reserved[2] | command |   48 bytes
 *  +-----------+-------------+-----+-----+-------+--------+------+-------------+---------+
 */
struct wire_gc {
	wire_u64 end_time_ns; /* CLOCK_MONOTONIC */
	wire_u64 duration_ns;
	wire_u32 pid; /* thread group id */
	wire_u32 tid;
	wire_u32 cgroup;
	wire_u8 runtime;
	wire_u8 phase;
	wire_u8 reserved[2];
	char command[WIRE_COMMAND_LEN];
};
_Static_assert(sizeof(struct wire_gc) == 48, "wire_gc is 48 bytes");
_Static_assert(offsetof(struct wire_gc, duration_ns) == 8, "duration_ns at 8");
_Static_assert(offsetof(struct wire_gc, pid) == 16, "pid at 16");
_Static_assert(offsetof(struct wire_gc, tid) == 20, "tid at 20");
_Static_assert(offsetof(struct wire_gc, cgroup) == 24, "cgroup at 24");
_Static_assert(offsetof(struct wire_gc, runtime) == 28, "runtime at 28");
_Static_assert(offsetof(struct wire_gc, phase) == 29, "phase at 29");
_Static_assert(offsetof(struct wire_gc, command) == 32, "command at 32");

/* Log-linear latency slots: 8 an octave of microseconds, last one open; packages/domain/src/distribution/slots.ts. */
#define WIRE_SLOTS 200

/* What the delays of one cgroup add up to, per CPU. Only grows. */
struct wire_histogram {
	wire_u64 sum_ns;
	wire_u64 slots[WIRE_SLOTS];
};
_Static_assert(sizeof(struct wire_histogram) == 1608, "wire_histogram is 1608 bytes");
_Static_assert(offsetof(struct wire_histogram, slots) == 8, "slots at 8");

/* The knobs that may be turned while programs run; one per group, written by user space. */
struct wire_control {
	wire_u64 vmemmap_base;	    /* address of the struct page of frame 0, from calibration */
	wire_u32 page_keep_one_in;  /* 1: every largest buddy block */
	wire_u32 runq_keep_one_in;  /* 1: every task */
	wire_u32 salt;		    /* of the hashes that choose */
	wire_u32 block_frame_shift; /* log2 of the frames in a largest buddy block */
};
_Static_assert(sizeof(struct wire_control) == 24, "wire_control is 24 bytes");
_Static_assert(offsetof(struct wire_control, page_keep_one_in) == 8, "page_keep_one_in at 8");
_Static_assert(offsetof(struct wire_control, runq_keep_one_in) == 12, "runq_keep_one_in at 12");
_Static_assert(offsetof(struct wire_control, salt) == 16, "salt at 16");
_Static_assert(offsetof(struct wire_control, block_frame_shift) == 20, "block_frame_shift at 20");

/* What user space sets before the programs are loaded. */
struct wire_options {
	wire_u64 base_alignment;
	wire_u32 lane_records;
	wire_u32 memory_cgroup_v1; /* 1: owners are cgroups of the memory controller's own hierarchy */
};
_Static_assert(sizeof(struct wire_options) == 16, "wire_options is 16 bytes");
_Static_assert(offsetof(struct wire_options, lane_records) == 8, "lane_records at 8");
_Static_assert(offsetof(struct wire_options, memory_cgroup_v1) == 12, "memory_cgroup_v1 at 12");

/* Counters of one program, per CPU. seen = emitted + sampled_out + ring_lost. */
struct wire_counters {
	wire_u64 seen;
	wire_u64 sampled_out;
	wire_u64 ring_lost; /* no room, or skipped by recursion protection and not recovered */
	wire_u64 recovered; /* caught by the second program after a recursion miss; part of seen */
	wire_u64 emitted;
};
_Static_assert(sizeof(struct wire_counters) == 40, "wire_counters is 40 bytes");
_Static_assert(offsetof(struct wire_counters, sampled_out) == 8, "sampled_out at 8");
_Static_assert(offsetof(struct wire_counters, ring_lost) == 16, "ring_lost at 16");
_Static_assert(offsetof(struct wire_counters, recovered) == 24, "recovered at 24");
_Static_assert(offsetof(struct wire_counters, emitted) == 32, "emitted at 32");

#endif
