// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Garbage collection pauses of managed runtimes, from uprobes that user space attaches to the binaries it finds. A hit
 * costs microseconds: these functions run at GC rate only. No uretprobes: Go moves its stacks.
 */
#include "common.h"

enum gc_program {
	GC_V8,
	GC_GO,
	GC_GO_TRANSITION,
};

/* Pauses that may be open at once; the oldest is forgotten beyond, and its end then not counted. */
#define OPEN_PAUSES_MAX 4096

struct open_pause {
	__u64 since_ns;
	__u32 phase;
	__u32 reserved;
};

/* V8: by thread, each isolate collects on its own. Go: by process (thread 0), the world stops but once. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OPEN_PAUSES_MAX);
	__type(key, __u64);
	__type(value, struct open_pause);
} open_pauses SEC(".maps");

static __always_inline int pause_begins(__u64 key, __u32 phase)
{
	struct open_pause pause = { .since_ns = bpf_ktime_get_ns(), .phase = phase };

	bpf_map_update_elem(&open_pauses, &key, &pause, BPF_ANY);
	return 0;
}

static __always_inline void emit_pause(struct wire_counters *count, const struct open_pause *pause, __u64 now,
				       __u8 runtime)
{
	struct wire_gc *record = record_reserve(count, sizeof(*record));
	__u64 ids = bpf_get_current_pid_tgid();

	if (!record)
		return;
	record->end_time_ns = now;
	record->duration_ns = now - pause->since_ns;
	record->pid = ids >> 32;
	record->tid = (__u32)ids;
	record->cgroup = current_cgroup();
	record->runtime = runtime;
	record->phase = pause->phase;
	record->reserved[0] = 0;
	record->reserved[1] = 0;
	bpf_get_current_comm(record->command, sizeof(record->command));
	record_submit(count, record);
}

/* An end whose beginning was before we attached is not a pause that we have seen. */
static __always_inline int pause_ends(struct wire_counters *count, __u64 key, __u8 runtime)
{
	__u64 now = bpf_ktime_get_ns();
	struct open_pause *pause = bpf_map_lookup_elem(&open_pauses, &key);

	if (!pause || !count)
		return 0;
	count->seen++;
	emit_pause(count, pause, now, runtime);
	bpf_map_delete_elem(&open_pauses, &key);
	return 0;
}

/* v8::internal::GCTracer::StartObservablePause and StopObservablePause (src/heap/gc-tracer.cc), as --trace-gc counts. */
SEC("uprobe")
int v8_pause_begin(struct pt_regs *registers)
{
	return pause_begins(bpf_get_current_pid_tgid(), WIRE_GC_PHASE_UNSPECIFIED);
}

SEC("uprobe")
int v8_pause_end(struct pt_regs *registers)
{
	return pause_ends(counters_of(GC_V8), bpf_get_current_pid_tgid(), WIRE_GC_V8);
}

static __always_inline __u64 go_process(void)
{
	return bpf_get_current_pid_tgid() >> 32 << 32;
}

/* stwReason, src/runtime/proc.go, Go 1.21 and later. */
enum go_stop_reason {
	GO_STOP_GC_MARK_TERMINATION = 1,
	GO_STOP_GC_SWEEP_TERMINATION = 2,
};

/* The first integer argument of Go's register calling convention, src/cmd/compile/abi-internal.md. */
static __always_inline __u64 go_first_argument(struct pt_regs *registers)
{
#if defined(__TARGET_ARCH_x86)
	return registers->ax;
#elif defined(__TARGET_ARCH_arm64)
	return ((struct user_pt_regs *)registers)->regs[0];
#else
	return 0;
#endif
}

/*
 * runtime.stopTheWorldWithSema(reason). The cookie is 1 where the binary's Go passes a reason. Without it every stop
 * counts as sweep termination, those for other ends than GC too: Go before 1.21 does not tell.
 * A stop for mark termination is a retry until runtime.gcMarkTermination says that marking is over.
 */
SEC("uprobe")
int go_stop_the_world(struct pt_regs *registers)
{
	if (!bpf_get_attach_cookie(registers))
		return pause_begins(go_process(), WIRE_GC_PHASE_SWEEP_TERMINATION);
	switch (go_first_argument(registers)) {
	case GO_STOP_GC_MARK_TERMINATION:
		return pause_begins(go_process(), WIRE_GC_PHASE_MARK_RETRY);
	case GO_STOP_GC_SWEEP_TERMINATION:
		return pause_begins(go_process(), WIRE_GC_PHASE_SWEEP_TERMINATION);
	default:
		return 0;
	}
}

/* runtime.gcMarkTermination: once in each cycle, with the world stopped. (gcStart is called more often.) */
SEC("uprobe")
int go_mark_termination(struct pt_regs *registers)
{
	__u64 key = go_process();
	struct open_pause *pause = bpf_map_lookup_elem(&open_pauses, &key);

	if (pause)
		pause->phase = WIRE_GC_PHASE_MARK_TERMINATION;
	return 0;
}

/*
 * runtime.startTheWorldWithSema. The cookie is 1 where go_transition_end is attached too: it ends sweep termination,
 * whose time Go takes when the other processors have been woken up, which may last as long as the rest.
 */
SEC("uprobe")
int go_start_the_world(struct pt_regs *registers)
{
	__u64 key = go_process();
	struct open_pause *pause = bpf_map_lookup_elem(&open_pauses, &key);

	if (pause && pause->phase == WIRE_GC_PHASE_SWEEP_TERMINATION && bpf_get_attach_cookie(registers))
		return 0;
	return pause_ends(counters_of(GC_GO), key, WIRE_GC_GO);
}

/* runtime.(*gcCPULimiterState).finishGCTransition, right after the world was started for marking. Go 1.19 and later. */
SEC("uprobe")
int go_transition_end(struct pt_regs *registers)
{
	__u64 key = go_process();
	struct open_pause *pause = bpf_map_lookup_elem(&open_pauses, &key);

	if (!pause || pause->phase != WIRE_GC_PHASE_SWEEP_TERMINATION)
		return 0;
	return pause_ends(counters_of(GC_GO_TRANSITION), key, WIRE_GC_GO);
}
