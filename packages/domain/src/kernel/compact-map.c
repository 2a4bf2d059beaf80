/*
 * The compact page map of a memory zone: one bit for each frame, set when it is free, and a sparse set of the blocks on
 * per-CPU lists. It gives up the orders of allocated blocks, and what is unknown inside a tile that was once observed.
 * All else equals the base map: states of blocks, free blocks by order, frames that are free or on per-CPU lists.
 *
 *   for each tile of 1,024 frames             bytes    KiB per GiB
 *     bits of free frames                       128           32
 *     blocks of it on per-CPU lists               2            0.5
 *     observed                                  1/8            0.03
 *     slots of the set of per-CPU blocks     3 x  4            3
 *
 * The set takes blocks up to seven eighths of its slots: 672 per GiB, a block of order 9 counts as one. Those beyond are
 * counted, and are as if they were allocated.
 */
#include "page-kernel.h"

#define BITS_PER_WORD 32
#define SLOTS_PER_TILE 3
#define SLOTS_MIN 256
/* An entry is the first frame, counted from the zone's first tile, x 16 + order. No frame has this one. */
#define EMPTY 0xffffffffu

static inline u32 frames_per_tile(void)
{
	return geometry.tile_mask + 1;
}

u32 make_compact(struct zone *zone)
{
	const u32 slots = zone->tiles * SLOTS_PER_TILE > SLOTS_MIN ? zone->tiles * SLOTS_PER_TILE : SLOTS_MIN;
	struct compact *compact = allocate(sizeof(*compact));

	zone->words = allocate(zone->tiles * frames_per_tile() / 8);
	if (!compact || !zone->words)
		return 0;
	*compact = (struct compact){ .slots = slots };
	compact->set = allocate(slots * sizeof(*compact->set));
	compact->blocks_of_tile = allocate(zone->tiles * sizeof(*compact->blocks_of_tile));
	compact->observed = allocate((zone->tiles + 31) / 32 * sizeof(*compact->observed));
	if (!compact->set || !compact->blocks_of_tile || !compact->observed)
		return 0;
	__builtin_memset(compact->set, 0xff, slots * sizeof(*compact->set));
	zone->compact = compact;
	return 1;
}

static inline u32 *bits_of(const struct zone *zone, u32 number)
{
	return zone->words + number * (frames_per_tile() / BITS_PER_WORD);
}

static inline u32 is_observed(const struct compact *compact, u32 number)
{
	return compact->observed[number / BITS_PER_WORD] >> number % BITS_PER_WORD & 1;
}

/* Mask of a block smaller than a word. */
static inline u32 mask_of(u32 frame, u32 order)
{
	return ((1u << (1 << order)) - 1) << frame % BITS_PER_WORD;
}

static u32 count_free(const u32 *bits, u32 frame, u32 order)
{
	u32 count = 0;

	if (order < 5)
		return __builtin_popcount(bits[frame / BITS_PER_WORD] & mask_of(frame, order));
	for (u32 word = 0; word < 1u << (order - 5); word++)
		count += __builtin_popcount(bits[frame / BITS_PER_WORD + word]);
	return count;
}

static u32 is_free_block(const u32 *bits, u32 frame, u32 order)
{
	if (order < 5)
		return !(~bits[frame / BITS_PER_WORD] & mask_of(frame, order));
	for (u32 word = 0; word < 1u << (order - 5); word++)
		if (~bits[frame / BITS_PER_WORD + word])
			return 0;
	return 1;
}

static void fill(u32 *bits, u32 frame, u32 order, u32 free)
{
	if (order < 5) {
		const u32 mask = mask_of(frame, order);

		bits[frame / BITS_PER_WORD] =
			free ? bits[frame / BITS_PER_WORD] | mask : bits[frame / BITS_PER_WORD] & ~mask;
		return;
	}
	for (u32 word = 0; word < 1u << (order - 5); word++)
		bits[frame / BITS_PER_WORD + word] = free ? ~0u : 0;
}

/* Order of the largest free block around a free block. */
static u32 grown(const u32 *bits, u32 frame, u32 order)
{
	while (order < geometry.max_order && is_free_block(bits, (frame ^ 1u << order) & ~((1u << order) - 1), order))
		order++;
	return order;
}

/* Adds (sign 1) or takes (-1) the free blocks of a tile to or from the counts. */
static void count_tile(struct zone *zone, u32 number, i32 sign)
{
	const u32 *bits = bits_of(zone, number);

	for (u32 frame = 0; frame < frames_per_tile();) {
		u32 order = 0;

		if (!bits[frame / BITS_PER_WORD] && frame % BITS_PER_WORD == 0) {
			frame += BITS_PER_WORD;
			continue;
		}
		if (bits[frame / BITS_PER_WORD] >> frame % BITS_PER_WORD & 1) {
			order = grown(bits, frame, 0);
			zone->free_blocks[order] += sign;
			zone->frames[FREE] += sign * (1 << order);
		}
		frame += 1 << order;
	}
}

static inline u32 home_of(const struct compact *compact, u32 entry)
{
	return (u64)(entry * 0x9e3779b1u) * compact->slots >> 32;
}

static inline u32 next_slot(const struct compact *compact, u32 slot)
{
	return slot + 1 == compact->slots ? 0 : slot + 1;
}

/* Slot of an entry, or of the empty one where it would go. */
static u32 slot_of(const struct compact *compact, u32 entry)
{
	u32 slot = home_of(compact, entry);

	while (compact->set[slot] != EMPTY && compact->set[slot] != entry)
		slot = next_slot(compact, slot);
	return slot;
}

static void insert(struct zone *zone, u32 entry)
{
	struct compact *compact = zone->compact;

	if (compact->used >= compact->slots / 8 * 7) {
		compact->given_up++;
		return;
	}
	compact->set[slot_of(compact, entry)] = entry;
	compact->used++;
	compact->blocks_by_order[entry & 15]++;
	compact->blocks_of_tile[entry >> 4 >> geometry.max_order]++;
	zone->frames[PER_CPU] += 1 << (entry & 15);
}

/* Takes out an entry that is there; entries behind it that would not be found any more move up. */
static void take_out(struct zone *zone, u32 slot)
{
	struct compact *compact = zone->compact;
	const u32 entry = compact->set[slot];
	u32 hole = slot;

	compact->used--;
	compact->blocks_by_order[entry & 15]--;
	compact->blocks_of_tile[entry >> 4 >> geometry.max_order]--;
	zone->frames[PER_CPU] -= 1 << (entry & 15);
	for (u32 at = next_slot(compact, slot); compact->set[at] != EMPTY; at = next_slot(compact, at)) {
		const u32 home = home_of(compact, compact->set[at]);
		const u32 is_between = hole <= at ? hole < home && home <= at : hole < home || home <= at;

		if (is_between)
			continue;
		compact->set[hole] = compact->set[at];
		hole = at;
	}
	compact->set[hole] = EMPTY;
}

/* Slot of the per-CPU block of at least `order` that holds a frame, or EMPTY. */
static u32 find_around(const struct compact *compact, u32 frame, u32 order)
{
	for (; order <= geometry.max_order; order++) {
		u32 slot;

		if (!compact->blocks_by_order[order])
			continue;
		slot = slot_of(compact, (frame & ~((1u << order) - 1)) << 4 | order);
		if (compact->set[slot] != EMPTY)
			return slot;
	}
	return EMPTY;
}

/* Takes the frames of a block out of the set; what is left of a larger one stays, in halves. Returns how many were in. */
static u32 leave_lists(struct zone *zone, u32 frame, u32 order)
{
	struct compact *compact = zone->compact;
	u32 slot, found = 0;

	if (!compact->blocks_of_tile[frame >> geometry.max_order])
		return 0;
	slot = find_around(compact, frame, order);
	if (slot != EMPTY) {
		const u32 size = compact->set[slot] & 15;

		take_out(zone, slot);
		for (u32 half = order; half < size; half++)
			insert(zone, ((frame ^ 1u << half) & ~((1u << half) - 1)) << 4 | half);
		return 1 << order;
	}
	for (u32 at = frame; at < frame + (1u << order); at++) {
		for (u32 size = 0; size < order && !(at & ((1u << size) - 1)); size++) {
			if (!compact->blocks_by_order[size])
				continue;
			slot = slot_of(compact, at << 4 | size);
			if (compact->set[slot] == EMPTY)
				continue;
			take_out(zone, slot);
			found += 1 << size;
		}
	}
	return found;
}

/* Sets or clears the bits of a block of which `free` frames are free, with the counts that belong to them. */
static void set_free(struct zone *zone, u32 number, u32 frame, u32 order, u32 free, u32 becomes_free)
{
	u32 *bits = bits_of(zone, number);
	u32 around;

	if (free && free < 1u << order) {
		count_tile(zone, number, -1);
		fill(bits, frame, order, becomes_free);
		count_tile(zone, number, 1);
		return;
	}
	if (becomes_free) {
		fill(bits, frame, order, 1);
		around = grown(bits, frame, order);
		for (u32 joined = order; joined < around; joined++)
			zone->free_blocks[joined]--;
		zone->free_blocks[around]++;
		zone->frames[FREE] += 1 << order;
		return;
	}
	around = grown(bits, frame, order);
	zone->free_blocks[around]--;
	for (u32 half = order; half < around; half++)
		zone->free_blocks[half]++;
	fill(bits, frame, order, 0);
	zone->frames[FREE] -= 1 << order;
}

u32 compact_set(struct zone *zone, u32 pfn, u32 order, u32 state)
{
	const u32 number = (pfn >> geometry.max_order) - zone->first_tile;
	const u32 frame = pfn & geometry.tile_mask;
	const u32 relative = pfn - (zone->first_tile << geometry.max_order);
	const u32 free = count_free(bits_of(zone, number), frame, order);
	u32 listed = 0;
	u32 held = 0;

	if (free == 1u << order) {
		held = 1 << FREE;
		if (state == FREE)
			return held;
	} else {
		listed = leave_lists(zone, relative, order);
		held = (free > 0) << FREE | (listed > 0) << PER_CPU;
		if (free + listed < 1u << order && is_observed(zone->compact, number))
			held |= 1 << ALLOCATED;
	}
	if (free || state == FREE)
		set_free(zone, number, frame, order, free, state == FREE);
	if (state == PER_CPU)
		insert(zone, relative << 4 | order);
	return held;
}

u32 compact_block_at(const struct zone *zone, u32 pfn)
{
	const u32 number = (pfn >> geometry.max_order) - zone->first_tile;
	const u32 frame = pfn & geometry.tile_mask;
	const u32 *bits = bits_of(zone, number);
	u32 slot = EMPTY;

	if (bits[frame / BITS_PER_WORD] >> frame % BITS_PER_WORD & 1)
		return FREE | grown(bits, frame, 0) << 2;
	if (zone->compact->blocks_of_tile[number])
		slot = find_around(zone->compact, pfn - (zone->first_tile << geometry.max_order), 0);
	if (slot != EMPTY)
		return PER_CPU | (zone->compact->set[slot] & 15) << 2;
	return is_observed(zone->compact, number) ? ALLOCATED : UNKNOWN;
}

void compact_expand_tile(const struct zone *zone, u32 number, u8 *into)
{
	const u32 first = (zone->first_tile + number) << geometry.max_order;

	for (u32 frame = 0; frame < frames_per_tile();) {
		const u32 block = compact_block_at(zone, first + frame);
		const u32 frames = 1 << (block >> 2);

		__builtin_memset(into + frame, block, frames);
		frame += frames;
	}
}

/* Writes a tile's bits and its blocks on per-CPU lists. Returns how many words it takes. */
u32 compact_save_tile(const struct zone *zone, u32 number, u32 *into)
{
	const u32 words = frames_per_tile() / BITS_PER_WORD;
	const u32 first = number << geometry.max_order;
	u32 length = words;

	__builtin_memcpy(into, bits_of(zone, number), words * sizeof(u32));
	for (u32 frame = 0; zone->compact->blocks_of_tile[number] && frame < frames_per_tile();) {
		const u32 slot = find_around(zone->compact, first + frame, 0);

		if (slot == EMPTY) {
			frame++;
			continue;
		}
		into[length++] = zone->compact->set[slot];
		frame += 1 << (zone->compact->set[slot] & 15);
	}
	return length;
}

/* Puts back what was saved. */
void compact_restore_tile(struct zone *zone, u32 number, const u32 *from, u32 length)
{
	const u32 words = frames_per_tile() / BITS_PER_WORD;

	leave_lists(zone, number << geometry.max_order, geometry.max_order);
	count_tile(zone, number, -1);
	__builtin_memcpy(bits_of(zone, number), from, words * sizeof(u32));
	count_tile(zone, number, 1);
	for (u32 at = words; at < length; at++)
		insert(zone, from[at]);
}

/* All of the tile has been described by the kernel: what is neither free nor on a list is allocated. */
EXPORT(mark_observed) void mark_observed(struct zone *zone, u32 number)
{
	if (zone->compact)
		zone->compact->observed[number / BITS_PER_WORD] |= 1u << number % BITS_PER_WORD;
}

EXPORT(is_marked_observed) u32 is_marked_observed(const struct zone *zone, u32 number)
{
	return is_observed(zone->compact, number);
}

EXPORT(given_up) u32 given_up(const struct zone *zone)
{
	return zone->compact ? zone->compact->given_up : 0;
}
