/*
 * Applies page events to the zones of one node, in ring order.
 */
#include "page-kernel.h"

/* Events of one call; a batch takes several, so that this working memory stays small beside thousands of maps. */
#define EVENTS_MAX 512
/* Events whose memory is fetched at once: about as many reads as a CPU core keeps in flight. */
#define GROUP 32
/* Kinds of event, as PageEventKind in ../page/columns.ts; any other is passed over. */
#define KINDS 5
/* As PAGE_ANOMALIES in ../page/transitions.ts, and the number of OutOfRange there. */
#define ANOMALIES 8
#define OUT_OF_RANGE 7
/* Sets of states: a bit for each. */
#define STATE_SETS 16
#define SEGMENTS_MAX 256

/* What the next call applies; written by TypeScript. */
EXPORTED u32 event_pfn[EVENTS_MAX];
EXPORTED u8 event_kind[EVENTS_MAX];
EXPORTED u8 event_order[EVENTS_MAX];
/* What calls have counted so far; TypeScript takes it and puts zeros. */
EXPORTED u32 kind_counts[KINDS];
EXPORTED u32 anomaly_counts[ANOMALIES];
/* State that an event gives its block, by kind and order; written by TypeScript. */
EXPORTED u8 next_state[KINDS * ORDERS_MAX];
/* Number of the anomaly by kind and the states that the frames were in, -1 for none; written by TypeScript. */
EXPORTED i8 anomaly_number[KINDS * STATE_SETS];

/* Events of the last call that lie in kept tiles, in their order; read by TypeScript. */
EXPORTED u16 kept_events[EVENTS_MAX];
static u32 kept_count;

static struct segment segments[SEGMENTS_MAX];
static u32 segment_count;
/* Where the reads ahead go, so that no compiler drops them. */
static u32 sink;

/* Where an event's block lies; no tile when it is nowhere. */
struct target {
	struct zone *zone;
	u32 *tile;
	u32 node;
};

/* Segments are added in rising order. Returns 0 when there are too many. */
EXPORT(add_segment) u32 add_segment(u32 first, u32 frames, struct zone *zone)
{
	if (segment_count == SEGMENTS_MAX)
		return 0;
	segments[segment_count++] = (struct segment){ first, frames, zone };
	return 1;
}

static const struct segment *segment_of(u32 pfn)
{
	for (u32 at = 0; at < segment_count; at++)
		if (pfn - segments[at].first < segments[at].frames)
			return segments + at;
	return NULL;
}

/* Finds the blocks of a group of events and reads the words that will be looked at first, none waiting for another. */
static const struct segment *aim(struct target *targets, u32 from, u32 count, const struct segment *segment)
{
	u32 read = 0;

	for (u32 at = 0; at < count; at++) {
		const u32 pfn = event_pfn[from + at];
		const u32 order = event_order[from + at];

		targets[at].tile = NULL;
		if (!segment || pfn - segment->first >= segment->frames)
			segment = segment_of(pfn);
		if (!segment || order > geometry.max_order || (pfn & ((1u << order) - 1)) ||
		    pfn - segment->first + (1u << order) > segment->frames)
			continue;
		targets[at].zone = segment->zone;
		targets[at].node = node_of(pfn, order);
		if (segment->zone->compact) {
			targets[at].tile = compact_tile_of(segment->zone, pfn);
			read |= targets[at].tile[(pfn & geometry.tile_mask) / 32];
		} else {
			targets[at].tile = tile_of(segment->zone, pfn);
			read |= targets[at].tile[targets[at].node >> NODES_PER_WORD_SHIFT];
		}
	}
	sink |= read;
	return segment;
}

static inline u32 is_kept(const struct zone *zone, u32 pfn)
{
	const u32 number = (pfn >> geometry.max_order) - zone->first_tile;

	return zone->kept[number / 32] >> number % 32 & 1;
}

/* From now on, events of the tile are told. */
EXPORT(keep_tile) void keep_tile(struct zone *zone, u32 number)
{
	zone->kept[number / 32] |= 1u << number % 32;
}

static void hit(const struct target *targets, u32 from, u32 count)
{
	for (u32 at = 0; at < count; at++) {
		const u32 kind = event_kind[from + at];
		const u32 order = event_order[from + at];
		struct zone *zone = targets[at].zone;
		u32 state, held;
		i32 anomaly;

		if (kind >= KINDS)
			continue;
		kind_counts[kind]++;
		if (!targets[at].tile) {
			anomaly_counts[OUT_OF_RANGE]++;
			continue;
		}
		state = next_state[kind * ORDERS_MAX + order];
		held = zone->compact ? compact_set(zone, event_pfn[from + at], order, state)
				     : set_block(zone, targets[at].tile, targets[at].node, order, state);
		if (is_kept(zone, event_pfn[from + at]))
			kept_events[kept_count++] = from + at;
		anomaly = anomaly_number[kind * STATE_SETS + held];
		if (anomaly >= 0)
			anomaly_counts[anomaly]++;
	}
}

/* Applies the first `count` events and adds to the counts. Returns how many of them `kept_events` names. */
EXPORT(apply) u32 apply(u32 count)
{
	struct target targets[GROUP];
	const struct segment *segment = NULL;

	kept_count = 0;
	for (u32 from = 0; from < count; from += GROUP) {
		const u32 size = count - from < GROUP ? count - from : GROUP;

		segment = aim(targets, from, size, segment);
		hit(targets, from, size);
	}
	return kept_count;
}
