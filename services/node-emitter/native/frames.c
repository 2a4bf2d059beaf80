// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* include/uapi/linux/kernel-page-flags.h; RESERVED and PRIVATE are include/linux/kernel-page-flags.h, Linux 6.18. */
#define KPF(bit) (1ull << (bit))
#define KPF_BUDDY KPF(10)
#define KPF_COMPOUND_HEAD KPF(15)
#define KPF_COMPOUND_TAIL KPF(16)
#define KPF_NOPAGE KPF(20)
/* locked, error, referenced, uptodate, dirty, lru, active, slab, writeback, reclaim */
#define KPF_FILE_OR_SLAB (KPF(10) - 1)
/* mmap, anon, swapcache, swapbacked; huge, unevictable, hwpoison; ksm, thp, offline, zero page; page table */
#define KPF_MAPPED (KPF(11) | KPF(12) | KPF(13) | KPF(14))
#define KPF_SPECIAL (KPF(17) | KPF(18) | KPF(19) | KPF(21) | KPF(22) | KPF(23) | KPF(24) | KPF(26))
/* reserved, mlocked, private, private_2 */
#define KPF_KERNEL (KPF(32) | KPF(33) | KPF(35) | KPF(36))
/* Cleared when a page is freed (PAGE_FLAGS_CHECK_AT_PREP and page types, mm/page_alloc.c): each proves an allocation. */
#define KPF_IN_USE (KPF_FILE_OR_SLAB | KPF_MAPPED | KPF_SPECIAL | KPF_KERNEL)

static uint8_t class_of(uint64_t flags)
{
	if (flags & KPF_NOPAGE)
		return FRAME_HOLE;
	if (flags & KPF_BUDDY)
		return FRAME_BUDDY;
	if (flags & KPF_COMPOUND_HEAD)
		return FRAME_COMPOUND_HEAD;
	if (flags & KPF_COMPOUND_TAIL)
		return FRAME_COMPOUND_TAIL;
	return flags & KPF_IN_USE ? FRAME_IN_USE : FRAME_NO_FLAGS;
}

static uint8_t floor_log2(uint32_t value)
{
	return 31 - __builtin_clz(value);
}

void frames_classify(const uint64_t *flags, uint32_t count, uint8_t *classes)
{
	uint32_t frame = 0;

	while (frame < count) {
		uint32_t head = frame;

		classes[frame] = class_of(flags[frame]);
		frame++;
		if (classes[head] != FRAME_COMPOUND_HEAD)
			continue;
		while (frame < count && class_of(flags[frame]) == FRAME_COMPOUND_TAIL)
			classes[frame++] = FRAME_COMPOUND_TAIL;
		classes[head] |= floor_log2(frame - head) << FRAME_ORDER_SHIFT;
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

int frames_read(int kpageflags_fd, uint64_t first, uint32_t count, uint8_t *classes, struct frames_time *time)
{
	uint64_t flags[FRAMES_CHUNK_MAX];
	ssize_t got;
	uint32_t known;

	if (count > FRAMES_CHUNK_MAX)
		return -EINVAL;
	time->begin_ns = now_ns();
	got = pread(kpageflags_fd, flags, count * sizeof(*flags), (off_t)(first * sizeof(*flags)));
	time->end_ns = now_ns();
	if (got < 0)
		return -errno;
	known = (uint32_t)((size_t)got / sizeof(*flags));
	frames_classify(flags, known, classes);
	memset(classes + known, FRAME_HOLE, count - known);
	return 0;
}
