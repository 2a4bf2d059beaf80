/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of page frames now: /proc/kpageflags, one class byte for each frame.
 *
 *   bits  7 6 5 4 3   2 1 0
 *        +----------+-------+
 *        | order    | class |   order: of a compound head, else 0
 *        +----------+-------+
 */
#ifndef FARMSCOPE_FRAMES_H
#define FARMSCOPE_FRAMES_H

#include <stdint.h>

/* Same numbers as ObservationClass in packages/domain/src/wire/observation-runs.ts. */
enum frame_class {
	FRAME_NO_FLAGS = 0, /* on a per-CPU list, or a plain kernel allocation */
	FRAME_BUDDY = 1,
	FRAME_IN_USE = 2, /* flags that prove an allocation */
	FRAME_COMPOUND_HEAD = 3,
	FRAME_COMPOUND_TAIL = 4,
	FRAME_HOLE = 5,
};

#define FRAME_ORDER_SHIFT 3

/* Most frames in one reading: 32 KiB of flags, a third of a millisecond. */
#define FRAMES_CHUNK_MAX 4096

/* When a chunk was read, CLOCK_MONOTONIC. */
struct frames_time {
	uint64_t begin_ns;
	uint64_t end_ns;
};

/* Classifies frames by their flags. A compound page that does not end within count has the order of what is within. */
void frames_classify(const uint64_t *flags, uint32_t count, uint8_t *classes);

/*
 * Reads and classifies the frames [first, first + count), count at most FRAMES_CHUNK_MAX. Frames behind the end of the
 * file are holes. Returns 0 or a negative errno.
 */
int frames_read(int kpageflags_fd, uint64_t first, uint32_t count, uint8_t *classes, struct frames_time *time);

#endif
