/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel programs as user space sees them: one group for each object file. libbpf in plain C; nothing of Node.
 * The order is always open, (calibrate), attach, poll, detach, poll the rest, close. Not for several threads at once.
 */
#ifndef FARMSCOPE_SHIM_H
#define FARMSCOPE_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../bpf/include/wire.h"

#define SHIM_TEXT_MAX 160
#define SHIM_ERROR_MAX 1024
#define SHIM_PROGRAMS_MAX 32
#define SHIM_UPROBES_MAX 512

/* Stretches that one poll takes at most; a poll ends when it has so many. */
#define SHIM_RANGES_MAX 1024

struct shim_group;

struct shim_error {
	char message[SHIM_ERROR_MAX];
};

/* A program that is not there, and why. */
struct shim_absent {
	char program[SHIM_TEXT_MAX];
	char reason[SHIM_TEXT_MAX];
};

struct shim_options {
	const char *object_path;
	uint32_t ring_bytes;	 /* a power of two and whole pages; lanes share it */
	uint32_t record_bytes;	 /* of the one kind of record in the ring */
	uint64_t base_alignment; /* of the struct page array; 0: what the architecture demands */
	bool memory_cgroup_v1;	 /* owners are cgroups of the memory controller's own hierarchy */
};

/* Cumulative, of all programs of a group on all CPUs. seen = emitted + sampled_out + ring_lost. */
struct shim_counters {
	uint64_t seen;
	uint64_t sampled_out;
	uint64_t ring_lost;
	uint64_t recovered;
	uint64_t emitted;
	uint64_t malformed;	 /* arrived in the ring but is no record; part of emitted */
	uint64_t recursion_lost; /* skipped by recursion protection and not recovered; part of ring_lost */
};

struct shim_calibration {
	uint64_t base; /* 0: none was accepted */
	uint32_t agreed;
	uint32_t refused;
};

/* Opens and loads. Programs whose tracepoint the kernel lacks are left out. NULL on failure, error says why. */
struct shim_group *shim_open(const struct shim_options *options, struct shim_error *error);

/* Finds the struct page array and sets it. Returns 0, or a negative errno when no base was accepted. */
int shim_calibrate(struct shim_group *group, struct shim_calibration *result, struct shim_error *error);

/* Attaches every program that needs no target of its own; understudies last. Returns how many. */
int shim_attach(struct shim_group *group);

/* The programs that are not there, after shim_attach. */
size_t shim_absent(const struct shim_group *group, const struct shim_absent **absent);

/* Sets the live knobs, all but vmemmap_base. Returns 0 or a negative errno. */
int shim_configure(struct shim_group *group, const struct wire_control *knobs);

/* Moves whole records from the ring to out and returns their bytes. */
size_t shim_poll(struct shim_group *group, void *out, size_t out_bytes);

/* Stretches that compaction took free pages from, as the newest poll met them: first frame, frames, nanoseconds. */
size_t shim_isolated(const struct shim_group *group, double *rows, size_t rows_max);

/*
 * Begins to watch the frames that stay on per-CPU lists, and goes on looking at them: see audit.h. Rows are first frame and
 * frames. shim_audit returns the rows written or a negative errno.
 */
int shim_audit_begin(struct shim_group *group, uint64_t frames, uint32_t pcp_order_mask);
int shim_audit(struct shim_group *group, uint32_t frames_max, double *rows, size_t rows_max, int *done);

int shim_counters(struct shim_group *group, struct shim_counters *counters);

/*
 * Histograms by cgroup, summed over the CPUs; 0 as cgroup for the rest. A row is cgroup, sum in nanoseconds, slots, each
 * as a double. Returns the rows written, at most rows_max, or a negative errno. Two system calls for each cgroup.
 */
#define SHIM_HISTOGRAM_COLUMNS (2 + WIRE_SLOTS)
int shim_histograms(struct shim_group *group, double *rows, uint32_t rows_max);

/* Makes room: forgets a cgroup that is gone. */
int shim_forget_histogram(struct shim_group *group, uint32_t cgroup);

/*
 * Attaches a uprobe of the group at a byte offset of a file, for every process that maps it, now or later.
 * Returns its number, or a negative errno.
 */
int shim_uprobe_attach(struct shim_group *group, const char *program, const char *path, uint64_t offset,
		       uint64_t cookie);
void shim_uprobe_detach(struct shim_group *group, int uprobe);

/* Detaches everything; what is in the ring can still be polled, and the counters are final. */
void shim_detach(struct shim_group *group);

void shim_close(struct shim_group *group);

#endif
