/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What every group of programs has: one ring buffer, one control map, exact counters.
 */
#ifndef FARMSCOPE_COMMON_H
#define FARMSCOPE_COMMON_H

#include "kernel.h"
#include "wire.h" /* ahead of libbpf's, whose offsetof is no constant expression */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

/*
 * What user space sets ahead of loading. base_alignment is that of the struct page array, see calibration.h; 0 for what
 * the architecture demands. lane_records is the size of a lane, a power of two.
 */
const volatile struct wire_options
	options SEC(".rodata.options") = { .base_alignment = 0, .lane_records = 1024, .memory_cgroup_v1 = 0 };

/* Until user space sets its own size: the smallest that every page size allows. */
#define RING_BYTES_DEFAULT (64 * 1024)
/* Programs of one group that count; each has counters of its own. */
#define COUNTING_PROGRAMS_MAX 8

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES_DEFAULT);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_control);
} control SEC(".maps");

/*
 * Keyed by program. The kernel never runs a program inside itself on the same CPU, so what one program alone adds to on
 * its CPU is exact without atomics; programs that shared counters would lose some to interrupts.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTING_PROGRAMS_MAX);
	__type(key, __u32);
	__type(value, struct wire_counters);
} counters SEC(".maps");

static __always_inline const struct wire_control *control_knobs(void)
{
	const __u32 key = 0;

	return bpf_map_lookup_elem(&control, &key);
}

/* NULL for a program number beyond COUNTING_PROGRAMS_MAX only, which the build refuses. */
#define counters_of(program)                                                                                           \
	({                                                                                                             \
		_Static_assert((program) < COUNTING_PROGRAMS_MAX, "more programs than counters");                      \
		const __u32 key_ = (program);                                                                          \
		(struct wire_counters *)bpf_map_lookup_elem(&counters, &key_);                                         \
	})

/* Room for one record, or NULL, counted. Every field must be written: the room holds what was there before. */
static __always_inline void *record_reserve(struct wire_counters *count, const __u64 bytes)
{
	void *record = bpf_ringbuf_reserve(&ring, bytes, 0);

	if (!record)
		count->ring_lost++;
	return record;
}

/* Nobody sleeps on the ring: it is polled. A wake-up for each record would triple the cost of an allocation storm. */
static __always_inline void record_submit(struct wire_counters *count, void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	count->emitted++;
}

/* The finaliser of MurmurHash3 (public domain, Austin Appleby): every bit of the key moves every bit of the hash. */
static __always_inline __u32 hash_u32(__u32 key)
{
	key ^= key >> 16;
	key *= 0x85ebca6b;
	key ^= key >> 13;
	key *= 0xc2b2ae35;
	return key ^ (key >> 16);
}

/* True for one key in keep_one_in; 0 and 1 keep all. */
static __always_inline bool is_kept(__u32 key, __u32 keep_one_in, __u32 salt)
{
	return keep_one_in <= 1 || hash_u32(key ^ salt) % keep_one_in == 0;
}

static __always_inline __u32 current_pid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* Low half of the id of a task's cgroup: in the hierarchy of the memory controller where that has one of its own (v1). */
static __always_inline __u32 cgroup_of(struct task_struct *task)
{
	const __u32 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);

	if (!options.memory_cgroup_v1)
		return (__u32)BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	return (__u32)BPF_CORE_READ(task, cgroups, subsys[memory], cgroup, kn, id);
}

static __always_inline __u32 current_cgroup(void)
{
	return cgroup_of((struct task_struct *)bpf_get_current_task());
}

#endif
