// SPDX-License-Identifier: Apache-2.0
#include "audit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* KPF_BUDDY, include/uapi/linux/kernel-page-flags.h */
#define BUDDY (1ull << 10)
#define WORD_FRAMES 64u

struct audit *audit_new(uint64_t frames, uint32_t pcp_order_mask)
{
	struct audit *audit = calloc(1, sizeof(*audit));

	if (!audit)
		return NULL;
	audit->words = (frames + WORD_FRAMES - 1) / WORD_FRAMES;
	audit->pcp_order_mask = pcp_order_mask;
	audit->fresh = calloc(audit->words, sizeof(*audit->fresh));
	audit->aged = calloc(audit->words, sizeof(*audit->aged));
	if (audit->fresh && audit->aged)
		return audit;
	audit_free(audit);
	return NULL;
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	free(audit->fresh);
	free(audit->aged);
	free(audit);
}

static void next_round(struct audit *audit)
{
	uint64_t *aged = audit->aged;

	/* All of it has been looked at and is zero. */
	audit->aged = audit->fresh;
	audit->fresh = aged;
	audit->cursor = 0;
}

/* Adds the frames of one word that are free after all; those next to the last finding extend it. */
static int add_findings(uint64_t first, uint64_t wrong, struct audit_finding *findings, int count)
{
	uint32_t low = (uint32_t)first + (uint32_t)__builtin_ctzll(wrong);
	uint32_t end = (uint32_t)first + WORD_FRAMES - (uint32_t)__builtin_clzll(wrong);

	if (count && findings[count - 1].first + findings[count - 1].count >= first) {
		findings[count - 1].count = end - findings[count - 1].first;
		return count;
	}
	findings[count] = (struct audit_finding){ .first = low, .count = end - low };
	return count + 1;
}

int audit_look(struct audit *audit, int kpageflags_fd, uint32_t frames_max, struct audit_finding *findings,
	       size_t findings_max, int *done)
{
	uint64_t flags[WORD_FRAMES];
	int count = 0;
	uint32_t read = 0;

	*done = 0;
	for (; audit->cursor < audit->words && read < frames_max && (size_t)count < findings_max; audit->cursor++) {
		uint64_t bits = audit->aged[audit->cursor], wrong = 0;
		uint64_t first = audit->cursor * WORD_FRAMES;
		unsigned low, frames;

		if (!bits)
			continue;
		audit->aged[audit->cursor] = 0;
		low = (unsigned)__builtin_ctzll(bits);
		frames = WORD_FRAMES - low - (unsigned)__builtin_clzll(bits);
		if (pread(kpageflags_fd, flags, frames * sizeof(*flags), (off_t)((first + low) * sizeof(*flags))) !=
		    (ssize_t)(frames * sizeof(*flags)))
			return -EIO;
		read += frames;
		for (unsigned frame = 0; frame < frames; frame++)
			if (flags[frame] & BUDDY)
				wrong |= 1ull << (low + frame);
		if (wrong & bits)
			count = add_findings(first, wrong & bits, findings, count);
	}
	if (audit->cursor == audit->words) {
		next_round(audit);
		*done = 1;
	}
	return count;
}
