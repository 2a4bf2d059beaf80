/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that went to a per-CPU list and ought to be there still. Some do not: where the list's lock is taken (an
 * interrupt frees while its CPU works on the list), the kernel frees straight to the buddy allocator, and no event tells
 * (free_unref_page and free_one_page, mm/page_alloc.c, Linux 6.18). So each frame that stays is looked at once.
 *
 * Two bits a frame: freed since the last look, and freed before it.
 */
#ifndef FARMSCOPE_AUDIT_H
#define FARMSCOPE_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "../../../bpf/include/wire.h"

struct audit {
	uint64_t *fresh;
	uint64_t *aged;
	uint64_t words;
	uint32_t pcp_order_mask;
	uint64_t cursor; /* word at which the look goes on */
};

/* A stretch in which frames are not where they ought to be. */
struct audit_finding {
	uint32_t first;
	uint32_t count;
};

/* frames is one more than the highest; bit o of pcp_order_mask says that blocks of order o are freed to per-CPU lists. */
struct audit *audit_new(uint64_t frames, uint32_t pcp_order_mask);
void audit_free(struct audit *audit);

static inline void audit_mark(struct audit *audit, uint64_t word, uint64_t bits, int freed)
{
	if (word >= audit->words)
		return;
	audit->aged[word] &= ~bits;
	if (freed)
		audit->fresh[word] |= bits;
	else
		audit->fresh[word] &= ~bits;
}

/* Blocks are aligned: one of up to 64 frames lies in one word, a larger one covers whole words. */
static inline void audit_note(struct audit *audit, const struct wire_page *page)
{
	int freed = page->kind == WIRE_PAGE_FREE && (audit->pcp_order_mask >> page->order & 1);
	uint64_t word = page->pfn / 64;

	if (page->order < 6) {
		audit_mark(audit, word, ((1ull << (1u << page->order)) - 1) << (page->pfn % 64), freed);
		return;
	}
	for (uint64_t end = word + (1ull << (page->order - 6)); word < end; word++)
		audit_mark(audit, word, ~0ull, freed);
}

/*
 * Goes on looking at the frames that were freed before the last round, up to frames_max of them read. Writes stretches
 * with frames that the kernel says are in the buddy allocator; returns how many, or a negative errno. *done is set when
 * the round is over: then what was freed since becomes the next round's.
 */
int audit_look(struct audit *audit, int kpageflags_fd, uint32_t frames_max, struct audit_finding *findings,
	       size_t findings_max, int *done);

#endif
