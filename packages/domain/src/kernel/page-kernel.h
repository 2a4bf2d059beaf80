/*
 * The page kernel: what must be fast of packages/domain, in C for WebAssembly. It holds the page map of one node, or the
 * working memory of one decoder, in the linear memory of its instance; TypeScript beside it decides what is done.
 * Nothing here allocates after set-up, traps on hostile input, or knows time.
 */
#ifndef FARMSCOPE_PAGE_KERNEL_H
#define FARMSCOPE_PAGE_KERNEL_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char i8;
typedef signed int i32;
typedef signed long long i64;

#define EXPORT(name) __attribute__((export_name(#name)))
/* Data whose address TypeScript asks for. */
#define EXPORTED __attribute__((used, visibility("default")))
#define NULL ((void *)0)

/* One more than the largest order, as ORDERS_MAX in ../page/page-state.ts. */
#define ORDERS_MAX 16
/* As PageState there. */
enum state { UNKNOWN, FREE, ALLOCATED, PER_CPU, STATES };

#define NODES_PER_WORD_SHIFT 4
/* The two bits of a node, and the lower of them for every node of a word. */
#define NODE_MASK 3u
#define LOW_BITS 0x55555555u

/* A memory zone: see ../page/zone-map.ts, which reads free_blocks and frames where they lie. */
struct zone {
	u32 first_tile;
	u32 tiles;
	u32 *words;
	/* Free blocks by order. */
	i32 free_blocks[ORDERS_MAX];
	/* Frames by state; those of UNKNOWN are not counted. */
	i32 frames[STATES];
};

/* Frames [first, first + frames) that belong to one zone; see ../page/zone-segments.ts. */
struct segment {
	u32 first;
	u32 frames;
	struct zone *zone;
};

/* The largest order of a block, and what follows from it. Fixed when the first zone is made. */
struct geometry {
	u32 max_order;
	u32 tile_mask;
	u32 words_shift;
};

extern struct geometry geometry;

static inline u32 node_of(u32 pfn, u32 order)
{
	return ((pfn & geometry.tile_mask) | (geometry.tile_mask + 1)) >> order;
}

static inline u32 *tile_of(const struct zone *zone, u32 pfn)
{
	return zone->words + (((pfn >> geometry.max_order) - zone->first_tile) << geometry.words_shift);
}

/* Makes the block at `node` one of `order` in `state`. Returns the set of states that its frames had. */
u32 set_block(struct zone *zone, u32 *tile, u32 node, u32 order, u32 state);

#endif
