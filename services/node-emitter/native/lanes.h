/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer's side of the lanes (bpf/include/lane.h), over memory that may be the kernel's or a test's: merges the
 * records of all CPUs by time into one stream that is causal for every page.
 *
 * Why time is enough: what happens to a page twice happens under locks, so the second program runs when the first has
 * published. Records younger than the beginning of a merge wait for the next one; a record of an earlier time that was
 * published in time is therefore never missing.
 */
#ifndef FARMSCOPE_LANES_H
#define FARMSCOPE_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "../../../bpf/include/lane.h"
#include "audit.h"

#define LANES_MAX 1024

/* Where a reader stands in one lane. */
struct lane_reader {
	uint64_t position;
	uint64_t end; /* of what this merge may take */
	uint64_t
		newest; /* time of the newest record taken; never falls: a record counts as no older than the one before */
	uint64_t next; /* time of the next record */
	uint32_t cgroup;
};

struct lanes {
	struct lane *lanes;
	const struct lane_record *records;
	uint32_t lane_records; /* a power of two */
	uint32_t count;
	struct lane_reader readers[LANES_MAX];
	struct audit *audit; /* is told of every page event; may be NULL */
};

/* A stretch that compaction took free pages from. */
struct lane_range {
	uint32_t first;
	uint32_t count;
	uint64_t time_ns;
};

struct lanes_room {
	struct wire_page *pages;
	size_t pages_max;
	struct lane_range *ranges;
	size_t ranges_max;
};

struct lanes_merged {
	size_t pages;
	size_t ranges;
	uint64_t malformed; /* records of no known kind, passed over */
};

/*
 * Merges what was published before now_ns, CLOCK_MONOTONIC as it stood before the call, until nothing is left, the next
 * record is still being written, or there is no room. Gives the room in the lanes back.
 */
struct lanes_merged lanes_merge(struct lanes *lanes, uint64_t now_ns, const struct lanes_room *room);

/* Sums over the lanes. */
struct lanes_counters {
	uint64_t emitted;
	uint64_t lost;
	uint64_t sampled_out;
	uint64_t recovered;
};
struct lanes_counters lanes_count(const struct lanes *lanes);

#endif
