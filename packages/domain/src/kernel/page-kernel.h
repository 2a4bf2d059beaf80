/*
 * The page kernel: what must be fast of packages/domain, in C for WebAssembly. It holds the page map of one node, or the
 * working memory of one decoder, in the linear memory of its instance; TypeScript beside it decides what is done.
 * Nothing here allocates after set-up, traps on hostile input, or knows time.
 */
#ifndef FARMSCOPE_PAGE_KERNEL_H
#define FARMSCOPE_PAGE_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
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

/* What the compact form of a zone has besides its bits: see compact-map.c. */
struct compact {
	u32 slots;
	u32 used;
	/* Blocks that the set had no room for. */
	u32 given_up;
	u32 blocks_by_order[ORDERS_MAX];
	u32 *set;
	u16 *blocks_of_tile;
	u32 *observed;
};

/* A memory zone: see ../page/zone-map.ts, which reads free_blocks and frames where they lie. */
struct zone {
	u32 first_tile;
	u32 tiles;
	u32 *words;
	/* NULL in the base form. */
	struct compact *compact;
	/* A bit for each tile, set when its events are to be told to TypeScript. */
	u32 *kept;
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

/* The same in the compact form: a bit for each frame. */
static inline u32 *compact_tile_of(const struct zone *zone, u32 pfn)
{
	return zone->words + ((pfn >> geometry.max_order) - zone->first_tile) * ((geometry.tile_mask + 1) / 32);
}

/* The compact form of what zone-map.c exports under these names. */
u32 compact_set(struct zone *zone, u32 pfn, u32 order, u32 state);
u32 compact_block_at(const struct zone *zone, u32 pfn);
void compact_expand_tile(const struct zone *zone, u32 number, u8 *into);
u32 compact_save_tile(const struct zone *zone, u32 number, u32 *into);
void compact_restore_tile(struct zone *zone, u32 number, const u32 *from, u32 length);
/* Gives a zone without anything in it the compact form; 0 when there is no memory for it. */
u32 make_compact(struct zone *zone);
/* Memory that is never given back, zeroed; NULL when there is none. */
void *allocate(u32 bytes);

/* Makes the block at `node` one of `order` in `state`. Returns the set of states that its frames had. */
u32 set_block(struct zone *zone, u32 *tile, u32 node, u32 order, u32 state);

#endif
