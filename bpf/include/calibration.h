/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Where the kernel's array of struct page begins. No symbol tells (vmemmap_base is not in kallsyms on every kernel), so
 * it is computed from pairs: the address of a struct page from one tracepoint, its frame number from another that fired
 * for the same allocation. An interrupt between the two makes a false pair; a wrong base would make every page map
 * wrong, so a base must be aligned and several pairs must agree on it. Used by the kernel programs and by their test.
 */
#ifndef FARMSCOPE_CALIBRATION_H
#define FARMSCOPE_CALIBRATION_H

#include "wire.h"

struct calibration {
	wire_u64 page;	  /* struct page of the allocation that is going on on this CPU; 0: none */
	wire_u64 base;	  /* what the last good pair gave; 0: none */
	wire_u32 agreed;  /* pairs in a row that gave it */
	wire_u32 refused; /* pairs that were not aligned, or contradicted the ones before */
};
_Static_assert(sizeof(struct calibration) == 24, "calibration is 24 bytes");

/* Judges the pair of calibration->page and pfn. alignment is a power of two. */
static inline __attribute__((always_inline)) void calibration_judge(struct calibration *calibration, wire_u64 pfn,
								    wire_u64 page_bytes, wire_u64 alignment)
{
	wire_u64 base = calibration->page - pfn * page_bytes;

	calibration->page = 0;
	if (base & (alignment - 1)) {
		calibration->refused++;
		return;
	}
	if (base == calibration->base) {
		calibration->agreed++;
		return;
	}
	if (calibration->base)
		calibration->refused++;
	calibration->base = base;
	calibration->agreed = 1;
}

#endif
