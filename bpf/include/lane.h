/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Lanes: how page events leave the kernel. Every CPU writes into a ring of its own, without a lock and without waking
 * anyone; user space merges the lanes by time (services/node-emitter/native/lanes.c). A BPF ring buffer, which all CPUs
 * share behind a lock, costs an allocation storm twice as much.
 *
 * A record is claimed by adding to the lane's head, so an interrupt that allocates pages meanwhile takes the next one. It
 * is there once its lap bit is that of the lap: lap n has the bit (n + 1) & 1, and the memory starts as zeros.
 */
#ifndef FARMSCOPE_LANE_H
#define FARMSCOPE_LANE_H

#include "wire.h"

/*
 *  word 0   +--------------------------+-----------+----------+---------+
 *           | 63..8 time               | 7..4 order| 3..1 kind| 0 lap   |   nanoseconds of CLOCK_MONOTONIC; 56 bits of
 *           +--------------------------+-----------+----------+---------+   them wrap after two years
 *  word 1   +-----+--------------+-----------------+--------+--------------+------------+
 *           | pad | 61 interrupt | 60..58 migrate  | 57..54 | 53..32       | 31..0      |
 *           |     |              | type            | gfp    | process      | frame      |
 *           +-----+--------------+-----------------+--------+--------------+------------+
 *
 * Kinds are those of wire_page_kind and two more: LANE_CGROUP, in whose second word stands the cgroup of all further
 * records of this lane, and LANE_ISOLATED, a stretch that compaction took free pages from: bits 63..32 are its frames.
 */
struct lane_record {
	wire_u64 stamp;
	wire_u64 what;
};
_Static_assert(sizeof(struct lane_record) == 16, "lane_record is 16 bytes");

enum lane_kind {
	LANE_ISOLATED = 5,
	LANE_CGROUP = 6,
};

#define LANE_LAP_BIT 1ull
#define LANE_KIND_SHIFT 1
#define LANE_KIND_MASK 7ull
#define LANE_ORDER_SHIFT 4
#define LANE_ORDER_MASK 15ull
#define LANE_TIME_SHIFT 8
#define LANE_TIME_BITS 56
#define LANE_PID_SHIFT 32
#define LANE_PID_MASK 0x3fffffull /* PID_MAX_LIMIT is 2^22, include/linux/threads.h */
#define LANE_GFP_SHIFT 54
#define LANE_GFP_MASK 15ull
#define LANE_TYPE_SHIFT 58
#define LANE_TYPE_MASK 7ull
#define LANE_INTERRUPT_SHIFT 61

/* Records that stay free for programs which interrupt one another between the look at the room and the claim. */
#define LANE_RESERVE 16
/* Events that a program and its understudy can be at on one CPU: task, softirq, hardirq, NMI; a power of two. */
#define LANE_NOTES 4

struct lane_notes {
	wire_u64 page[LANE_NOTES];
	wire_u32 next;
	wire_u32 reserved;
};

/* One for each CPU. What the kernel writes and what user space writes are on cache lines of their own. */
struct lane {
	wire_u64 head;	  /* records claimed since the beginning */
	wire_u64 told;	  /* of those, the ones that are no page events */
	wire_u64 css_set; /* what the newest LANE_CGROUP was told for */
	wire_u32 pid;
	wire_u32 cgroup;
	struct lane_notes allocated;
	struct lane_notes freed;
	wire_u64 lost; /* no room */
	wire_u64 sampled_out;
	wire_u64 recovered;  /* caught by an understudy */
	wire_u32 interrupts; /* which kinds run on this CPU now */
	wire_u32 reserved_now;
	wire_u64 reserved[6];
	wire_u64 tail; /* records that user space has taken */
	wire_u64 reserved_too[7];
};
_Static_assert(sizeof(struct lane) == 256, "lane is 256 bytes");
_Static_assert(offsetof(struct lane, tail) == 192, "tail on a cache line of its own");

#endif
