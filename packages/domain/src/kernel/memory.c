/*
 * Where zones come to lie: behind the kernel's own data, one behind the other, in memory that grows as they are made.
 */
#include "page-kernel.h"

#define WASM_PAGE_BYTES 65536u
#define ALIGNMENT 64u

extern u8 __heap_base;

struct geometry geometry;
static u64 used;

void *allocate(u32 bytes)
{
	u64 at, end, have;

	if (!used)
		used = (u32)&__heap_base;
	at = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	end = at + bytes;
	have = (u64)__builtin_wasm_memory_size(0) * WASM_PAGE_BYTES;
	if (end > have && __builtin_wasm_memory_grow(0, (end - have + WASM_PAGE_BYTES - 1) / WASM_PAGE_BYTES) == -1ul)
		return NULL;
	used = end;
	return (void *)(u32)at;
}

/* The largest order of all zones; to be called before any is made. */
EXPORT(set_max_order) void set_max_order(u32 max_order)
{
	geometry.max_order = max_order;
	geometry.tile_mask = (1u << max_order) - 1;
	geometry.words_shift = max_order + 1 - NODES_PER_WORD_SHIFT;
}

/* A zone of which nothing is known; NULL when there is no memory for it. */
EXPORT(make_zone) struct zone *make_zone(u32 first_tile, u32 tiles, u32 is_compact)
{
	struct zone *zone = allocate(sizeof(*zone));

	if (!zone)
		return NULL;
	*zone = (struct zone){ .first_tile = first_tile, .tiles = tiles };
	zone->kept = allocate((tiles + 31) / 32 * sizeof(*zone->kept));
	if (is_compact)
		return zone->kept && make_compact(zone) ? zone : NULL;
	zone->words = allocate((tiles << geometry.words_shift) * sizeof(*zone->words));
	return zone->kept && zone->words ? zone : NULL;
}
