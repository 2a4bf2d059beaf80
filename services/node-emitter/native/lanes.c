// SPDX-License-Identifier: Apache-2.0
#include "lanes.h"

#include <stdbool.h>

#define NOTHING_LEFT UINT64_MAX

/* Where a merge stands. */
struct merge {
	struct lanes *lanes;
	uint64_t now_ns;
	const struct lanes_room *room;
	struct lanes_merged done;
	bool blocked; /* a record is being written: what is younger than the one before it must wait */
};

static const struct lane_record *record_at(const struct lanes *lanes, uint32_t lane, uint64_t position)
{
	return &lanes->records[(uint64_t)lane * lanes->lane_records + (position & (lanes->lane_records - 1))];
}

/* The whole time of a record: the stamp has its low bits, and it is near to now. */
static uint64_t time_of(uint64_t stamp, uint64_t now_ns)
{
	const unsigned lost = 64 - LANE_TIME_BITS;
	int64_t apart = (int64_t)(((stamp >> LANE_TIME_SHIFT) - now_ns) << lost) >> lost;

	return now_ns + (uint64_t)apart;
}

/* Looks at the next record of a lane: its time, or NOTHING_LEFT. */
static uint64_t peek(struct merge *merge, uint32_t lane)
{
	struct lane_reader *reader = &merge->lanes->readers[lane];
	uint64_t wanted = reader->position & merge->lanes->lane_records ? 0 : LANE_LAP_BIT;
	uint64_t stamp, time;

	if (reader->position == reader->end)
		return NOTHING_LEFT;
	stamp = __atomic_load_n(&record_at(merge->lanes, lane, reader->position)->stamp, __ATOMIC_ACQUIRE);
	if ((stamp & LANE_LAP_BIT) != wanted) {
		merge->blocked = true;
		return NOTHING_LEFT;
	}
	time = time_of(stamp, merge->now_ns);
	if (time < reader->newest)
		time = reader->newest;
	return time > merge->now_ns ? NOTHING_LEFT : time;
}

static void take_page(struct merge *merge, const struct lane_reader *reader, uint64_t stamp, uint64_t what)
{
	struct wire_page *page = &merge->room->pages[merge->done.pages++];
	bool in_interrupt = what >> LANE_INTERRUPT_SHIFT & 1;

	page->time_ns = time_of(stamp, merge->now_ns);
	page->pfn = (uint32_t)what;
	page->pid = in_interrupt ? 0 : (uint32_t)(what >> LANE_PID_SHIFT & LANE_PID_MASK);
	page->cgroup = in_interrupt ? WIRE_CGROUP_IRQ : reader->cgroup;
	page->kind = (uint8_t)(stamp >> LANE_KIND_SHIFT & LANE_KIND_MASK);
	page->order = (uint8_t)(stamp >> LANE_ORDER_SHIFT & LANE_ORDER_MASK);
	page->migrate_type = (uint8_t)(what >> LANE_TYPE_SHIFT & LANE_TYPE_MASK);
	page->gfp = (uint8_t)(what >> LANE_GFP_SHIFT & LANE_GFP_MASK);
	if (merge->lanes->audit)
		audit_note(merge->lanes->audit, page);
}

static void take(struct merge *merge, struct lane_reader *reader, const struct lane_record *record)
{
	uint64_t stamp = record->stamp, what = record->what;
	uint64_t kind = stamp >> LANE_KIND_SHIFT & LANE_KIND_MASK;

	if (kind <= WIRE_PAGE_EXTFRAG) {
		take_page(merge, reader, stamp, what);
	} else if (kind == LANE_CGROUP) {
		reader->cgroup = (uint32_t)what;
	} else if (kind == LANE_ISOLATED) {
		merge->room->ranges[merge->done.ranges++] = (struct lane_range){
			.first = (uint32_t)what,
			.count = (uint32_t)(what >> LANE_PID_SHIFT),
			.time_ns = time_of(stamp, merge->now_ns),
		};
	} else {
		merge->done.malformed++;
	}
}

static bool has_room(const struct merge *merge)
{
	return merge->done.pages < merge->room->pages_max && merge->done.ranges < merge->room->ranges_max;
}

/* Takes from one lane while its records are not younger than those of all others. */
static void take_run(struct merge *merge, uint32_t lane, uint64_t others)
{
	struct lane_reader *reader = &merge->lanes->readers[lane];

	do {
		take(merge, reader, record_at(merge->lanes, lane, reader->position));
		reader->position++;
		reader->newest = reader->next;
		reader->next = peek(merge, lane);
	} while (reader->next <= others && reader->next != NOTHING_LEFT && has_room(merge));
}

/* The lane whose next record is the oldest, and the time of the next oldest. */
static uint32_t oldest(const struct lanes *lanes, uint64_t *others)
{
	uint32_t first = 0;

	*others = NOTHING_LEFT;
	for (uint32_t lane = 1; lane < lanes->count; lane++) {
		if (lanes->readers[lane].next < lanes->readers[first].next) {
			*others = lanes->readers[first].next;
			first = lane;
		} else if (lanes->readers[lane].next < *others) {
			*others = lanes->readers[lane].next;
		}
	}
	return first;
}

static void begin(struct merge *merge)
{
	for (uint32_t lane = 0; lane < merge->lanes->count; lane++)
		merge->lanes->readers[lane].end = __atomic_load_n(&merge->lanes->lanes[lane].head, __ATOMIC_ACQUIRE);
	for (uint32_t lane = 0; lane < merge->lanes->count; lane++)
		merge->lanes->readers[lane].next = peek(merge, lane);
}

struct lanes_merged lanes_merge(struct lanes *lanes, uint64_t now_ns, const struct lanes_room *room)
{
	struct merge merge = { .lanes = lanes, .now_ns = now_ns, .room = room };
	uint64_t others;

	begin(&merge);
	while (!merge.blocked && has_room(&merge)) {
		uint32_t lane = oldest(lanes, &others);

		if (lanes->readers[lane].next == NOTHING_LEFT)
			break;
		take_run(&merge, lane, others);
	}
	for (uint32_t lane = 0; lane < lanes->count; lane++)
		__atomic_store_n(&lanes->lanes[lane].tail, lanes->readers[lane].position, __ATOMIC_RELEASE);
	return merge.done;
}

struct lanes_counters lanes_count(const struct lanes *lanes)
{
	struct lanes_counters sum = { 0 };

	for (uint32_t lane = 0; lane < lanes->count; lane++) {
		const struct lane *one = &lanes->lanes[lane];

		/* told is added to after head: read first, it is never ahead. */
		uint64_t told = __atomic_load_n(&one->told, __ATOMIC_ACQUIRE);

		sum.emitted += __atomic_load_n(&one->head, __ATOMIC_ACQUIRE) - told;
		sum.lost += __atomic_load_n(&one->lost, __ATOMIC_ACQUIRE);
		sum.sampled_out += __atomic_load_n(&one->sampled_out, __ATOMIC_ACQUIRE);
		sum.recovered += __atomic_load_n(&one->recovered, __ATOMIC_ACQUIRE);
	}
	return sum;
}
