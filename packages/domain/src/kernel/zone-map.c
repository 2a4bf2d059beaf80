/*
 * The page map of a memory zone, drawn in ../page/zone-map.ts: tiles of two bits a node, in heap order.
 */
#include "page-kernel.h"

static inline u32 get(const u32 *tile, u32 node)
{
	return (tile[node >> NODES_PER_WORD_SHIFT] >> ((node & 15) << 1)) & NODE_MASK;
}

/* Fills an empty node with `state`, or empties one that holds it. */
static inline void flip(u32 *tile, u32 node, u32 state)
{
	tile[node >> NODES_PER_WORD_SHIFT] ^= state << ((node & 15) << 1);
}

/* Counts the free block at `node`, after joining it with its buddy as long as that is free too. */
static inline void coalesce(struct zone *zone, u32 *tile, u32 node, u32 order)
{
	while (node > 1 && get(tile, node ^ 1) == FREE) {
		flip(tile, node, FREE);
		flip(tile, node ^ 1, FREE);
		zone->free_blocks[order]--;
		node >>= 1;
		order++;
		flip(tile, node, FREE);
	}
	zone->free_blocks[order]++;
}

/* Fills an empty node. */
static inline void place(struct zone *zone, u32 *tile, u32 node, u32 order, u32 state)
{
	flip(tile, node, state);
	zone->frames[state] += 1 << order;
	if (state == FREE)
		coalesce(zone, tile, node, order);
}

/* Replaces the block `above` by the halves that do not hold `node`, and leaves `node` empty. */
static inline void split(struct zone *zone, u32 *tile, u32 above, u32 above_order, u32 node, u32 order, u32 held)
{
	flip(tile, above, held);
	for (u32 half = node; half != above; half >>= 1)
		flip(tile, half ^ 1, held);
	if (held != FREE)
		return;
	zone->free_blocks[above_order]--;
	for (u32 half = order; half < above_order; half++)
		zone->free_blocks[half]++;
}

/* Adds (sign 1) or takes (-1) the nodes of one word, all of one order, to or from the counts. */
static u32 count_nodes(struct zone *zone, u32 word, u32 order, i32 sign)
{
	const u32 low = word & LOW_BITS;
	const u32 high = (word >> 1) & LOW_BITS;
	const i32 free = __builtin_popcount(low & ~high);
	const i32 allocated = __builtin_popcount(high & ~low);
	const i32 per_cpu = __builtin_popcount(low & high);

	zone->free_blocks[order] += sign * free;
	zone->frames[FREE] += sign * (free << order);
	zone->frames[ALLOCATED] += sign * (allocated << order);
	zone->frames[PER_CPU] += sign * (per_cpu << order);
	return (free > 0) << FREE | (allocated > 0) << ALLOCATED | (per_cpu > 0) << PER_CPU;
}

/* Empties `count` nodes of one order, a power of two of them and so aligned to their count. */
static u32 clear_range(struct zone *zone, u32 *tile, u32 first, u32 count, u32 order)
{
	u32 found = 0;

	if (count < 1 << NODES_PER_WORD_SHIFT) {
		u32 *word = tile + (first >> NODES_PER_WORD_SHIFT);
		const u32 mask = ((1u << (2 * count)) - 1) << (2 * (first & 15));
		const u32 taken = *word & mask;

		*word &= ~mask;
		return taken ? count_nodes(zone, taken, order, -1) : 0;
	}
	u32 *word = tile + (first >> NODES_PER_WORD_SHIFT);
	for (u32 *end = word + (count >> NODES_PER_WORD_SHIFT); word < end; word++) {
		if (!*word)
			continue;
		found |= count_nodes(zone, *word, order, -1);
		*word = 0;
	}
	return found;
}

/* The block's own node is empty: a larger block holds it, smaller ones fill it, or its frames are unknown. */
static u32 set_other(struct zone *zone, u32 *tile, u32 node, u32 order, u32 state)
{
	u32 above_order = order + 1;
	u32 found = 0;

	for (u32 above = node >> 1; above; above >>= 1, above_order++) {
		const u32 held = get(tile, above);

		if (held == UNKNOWN)
			continue;
		if (held == FREE && state == FREE)
			return 1 << FREE;
		split(zone, tile, above, above_order, node, order, held);
		zone->frames[held] -= 1 << order;
		place(zone, tile, node, order, state);
		return 1 << held;
	}
	for (u32 depth = 1; depth <= order; depth++)
		found |= clear_range(zone, tile, node << depth, 1 << depth, order - depth);
	place(zone, tile, node, order, state);
	return found;
}

__attribute__((always_inline)) inline u32 set_block(struct zone *zone, u32 *tile, u32 node, u32 order, u32 state)
{
	u32 *word = tile + (node >> NODES_PER_WORD_SHIFT);
	const u32 shift = (node & 15) << 1;
	const u32 held = (*word >> shift) & NODE_MASK;

	if (held == UNKNOWN)
		return set_other(zone, tile, node, order, state);
	if (held == state)
		return 1 << held;
	*word ^= (held ^ state) << shift;
	zone->frames[held] -= 1 << order;
	zone->frames[state] += 1 << order;
	if (held == FREE)
		zone->free_blocks[order]--;
	else if (state == FREE)
		coalesce(zone, tile, node, order);
	return 1 << held;
}

EXPORT(set) u32 set(struct zone *zone, u32 pfn, u32 order, u32 state)
{
	if (zone->compact)
		return compact_set(zone, pfn, order, state);
	return set_block(zone, tile_of(zone, pfn), node_of(pfn, order), order, state);
}

/* Makes the frames of a block unknown; in the compact form, neither free nor on a list. */
EXPORT(forget) void forget(struct zone *zone, u32 pfn, u32 order)
{
	set(zone, pfn, order, ALLOCATED);
	if (zone->compact)
		return;
	flip(tile_of(zone, pfn), node_of(pfn, order), ALLOCATED);
	zone->frames[ALLOCATED] -= 1 << order;
}

/* State + 4 x order of the block that a frame lies in, 0 when unknown. */
EXPORT(block_at) u32 block_at(const struct zone *zone, u32 pfn)
{
	const u32 *tile = tile_of(zone, pfn);
	u32 node = node_of(pfn, 0);

	if (zone->compact)
		return compact_block_at(zone, pfn);
	for (u32 order = 0; node; order++, node >>= 1)
		if (get(tile, node) != UNKNOWN)
			return get(tile, node) | order << 2;
	return 0;
}

/* The frames of the tile that was expanded last: state + 4 x order of the block each lies in, 0 where unknown. */
EXPORTED u8 expanded_tile[1 << (ORDERS_MAX - 1)];

EXPORT(expand_tile) void expand_tile(const struct zone *zone, u32 number)
{
	const u32 *tile = zone->words + (number << geometry.words_shift);

	if (zone->compact) {
		compact_expand_tile(zone, number, expanded_tile);
		return;
	}
	__builtin_memset(expanded_tile, 0, geometry.tile_mask + 1);
	for (u32 word = 0; word < 1u << geometry.words_shift; word++) {
		for (u32 rest = tile[word]; rest;) {
			const u32 slot = __builtin_ctz(rest) >> 1;
			const u32 node = word << NODES_PER_WORD_SHIFT | slot;
			const u32 order = geometry.max_order - (31 - __builtin_clz(node));
			const u32 first = (node << order) & geometry.tile_mask;

			const u8 block = ((rest >> (2 * slot)) & NODE_MASK) | order << 2;

			if (order == 0)
				expanded_tile[first] = block;
			else
				__builtin_memset(expanded_tile + first, block, 1 << order);
			rest &= ~(NODE_MASK << (2 * slot));
		}
	}
}

/* Adds (sign 1) or takes (-1) all of a tile to or from the counts of its zone. */
static void tally(struct zone *zone, u32 number, i32 sign)
{
	const u32 *tile = zone->words + (number << geometry.words_shift);

	/* The first word holds nodes of orders max_order down to max_order - 3: the others hold one order each. */
	for (u32 depth = 0; depth < NODES_PER_WORD_SHIFT; depth++) {
		const u32 first = 1 << depth;
		const u32 mask = ((1u << (2 * first)) - 1) << (2 * first);

		count_nodes(zone, tile[0] & mask, geometry.max_order - depth, sign);
	}
	for (u32 word = 1; word < 1u << geometry.words_shift; word++) {
		const u32 order = geometry.max_order - NODES_PER_WORD_SHIFT - (31 - __builtin_clz(word));

		if (tile[word])
			count_nodes(zone, tile[word], order, sign);
	}
}

/* What save_tile wrote last, and restore_tile reads: a base tile, or bits and a block for each frame. */
EXPORTED u32 tile_image[3 << (ORDERS_MAX - 2)];

/* Returns how many words of `tile_image` were written. */
EXPORT(save_tile) u32 save_tile(const struct zone *zone, u32 number)
{
	const u32 words = 1 << geometry.words_shift;

	if (zone->compact)
		return compact_save_tile(zone, number, tile_image);
	__builtin_memcpy(tile_image, zone->words + number * words, words * sizeof(u32));
	return words;
}

/* Puts back the first `length` words of `tile_image`, with the counts that belong to them. */
EXPORT(restore_tile) void restore_tile(struct zone *zone, u32 number, u32 length)
{
	const u32 words = 1 << geometry.words_shift;

	if (zone->compact) {
		compact_restore_tile(zone, number, tile_image, length);
		return;
	}
	tally(zone, number, -1);
	__builtin_memcpy(zone->words + number * words, tile_image, words * sizeof(u32));
	tally(zone, number, 1);
}
