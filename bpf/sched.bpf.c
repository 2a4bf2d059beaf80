// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Run-queue delay: from wake-up, or from being switched out while runnable, to being switched in. Every delay goes into
 * a histogram of its cgroup; the delays of chosen tasks also go up as they are.
 */
#include "common.h"

enum sched_program {
	SCHED_SWITCH,
};

/* cgroups with a histogram of their own: 1.6 KB each for each CPU. The delays of all others go into one for the rest. */
#define RUNQ_CGROUPS_MAX 256

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, RUNQ_CGROUPS_MAX);
	__type(key, __u32);
	__type(value, struct wire_histogram);
} histograms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_histogram);
} histogram_rest SEC(".maps");

static const struct wire_histogram empty_histogram;

/* Since when a task waits for a CPU; 0 when it does not. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} waiting_since SEC(".maps");

/* A wake-up of a task that already waits (it was preempted on its way to sleep) does not start its wait anew. */
static __always_inline int wait_begins(struct task_struct *task)
{
	__u64 *since = bpf_task_storage_get(&waiting_since, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (since && !*since)
		*since = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched_wakeup, struct task_struct *task)
{
	return wait_begins(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(sched_wakeup_new, struct task_struct *task)
{
	return wait_begins(task);
}

static __always_inline bool is_runnable(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state == 0;
	return ((struct task_struct___before_5_14 *)task)->state == 0;
}

/* The idle task, pid 0, never waits. A preempted task stays on the queue, whatever state it was about to enter. */
static __always_inline void switched_out(struct task_struct *task, bool preempted, __u64 now)
{
	bool waits = task->pid && (preempted || is_runnable(task));
	__u64 *since = bpf_task_storage_get(&waiting_since, task, 0, waits ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);

	if (since)
		*since = waits ? now : 0;
}

/* Slot of a delay; packages/domain/src/distribution/slots.ts draws the scheme. */
static __always_inline __u32 slot_of(__u64 delay_us)
{
	__u32 octave = 0;
	__u64 rest = delay_us;

	if (delay_us < 8)
		return delay_us;
#pragma unroll
	for (__u32 step = 32; step; step >>= 1) {
		if (rest >> step) {
			rest >>= step;
			octave += step;
		}
	}
	octave = 8 * (octave - 2) + ((delay_us >> (octave - 3)) & 7);
	return octave < WIRE_SLOTS ? octave : WIRE_SLOTS - 1;
}

static __always_inline struct wire_histogram *histogram_of(__u32 cgroup)
{
	struct wire_histogram *histogram = bpf_map_lookup_elem(&histograms, &cgroup);
	const __u32 rest = 0;

	if (histogram)
		return histogram;
	bpf_map_update_elem(&histograms, &cgroup, &empty_histogram, BPF_NOEXIST);
	histogram = bpf_map_lookup_elem(&histograms, &cgroup);
	return histogram ? histogram : bpf_map_lookup_elem(&histogram_rest, &rest);
}

static __always_inline void count_delay(__u32 cgroup, __u64 delay_ns)
{
	struct wire_histogram *histogram = histogram_of(cgroup);
	__u32 slot = slot_of(delay_ns / 1000);

	barrier_var(slot); /* or the compiler, sure of the bound, leaves out the check that the verifier wants */
	if (!histogram || slot >= WIRE_SLOTS)
		return;
	histogram->slots[slot]++;
	histogram->sum_ns += delay_ns;
}

static __always_inline void emit_delay(struct wire_counters *count, struct task_struct *task, __u32 previous_pid,
				       __u32 cgroup, __u64 now, __u64 delay_ns)
{
	const struct wire_control *knobs = control_knobs();
	struct wire_runq *record;

	if (!knobs)
		return;
	count->seen++;
	if (!is_kept(task->pid, knobs->runq_keep_one_in, knobs->salt)) {
		count->sampled_out++;
		return;
	}
	record = record_reserve(count, sizeof(*record));
	if (!record)
		return;
	record->time_ns = now;
	record->delay_ns = delay_ns;
	record->pid = task->pid;
	record->previous_pid = previous_pid;
	record->cgroup = cgroup;
	record->cpu = bpf_get_smp_processor_id();
	record->reserved = 0;
	record_submit(count, record);
}

static __always_inline void switched_in(struct task_struct *task, __u32 previous_pid, __u64 now)
{
	__u64 *since = bpf_task_storage_get(&waiting_since, task, 0, 0);
	struct wire_counters *count = counters_of(SCHED_SWITCH);
	__u64 delay_ns;
	__u32 cgroup;

	if (!since || !*since || !count)
		return;
	delay_ns = now > *since ? now - *since : 0;
	*since = 0;
	cgroup = cgroup_of(task);
	count_delay(cgroup, delay_ns);
	emit_delay(count, task, previous_pid, cgroup, now, delay_ns);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempted, struct task_struct *previous, struct task_struct *next)
{
	__u64 now = bpf_ktime_get_ns();

	switched_out(previous, preempted, now);
	switched_in(next, previous->pid, now);
	return 0;
}
