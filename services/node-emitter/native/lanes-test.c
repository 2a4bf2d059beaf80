// SPDX-License-Identifier: Apache-2.0
/* Lanes over memory of our own, and the audit over a file of our own. Part of shim-test. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "lanes.h"
#include "shim-test.h"

/* ---- lanes ---------------------------------------------------------------------------------------------------- */

#define LANE_RECORDS 32u

static struct {
	struct lane lanes[2];
	struct lane_record records[2 * LANE_RECORDS];
	struct lanes merged;
	struct wire_page pages[2 * LANE_RECORDS];
	struct lane_range ranges[4];
} two;

static void fresh_lanes(void)
{
	memset(&two, 0, sizeof(two));
	two.merged = (struct lanes){
		.lanes = two.lanes,
		.records = two.records,
		.lane_records = LANE_RECORDS,
		.count = 2,
	};
}

/* Publishes a record as the kernel programs do; an unpublished one is only claimed. */
static void write_record(uint32_t lane, uint64_t time, uint32_t kind, uint64_t what, bool published)
{
	uint64_t slot = two.lanes[lane].head++;
	struct lane_record *record = &two.records[lane * LANE_RECORDS + slot % LANE_RECORDS];

	if (!published)
		return;
	record->what = what;
	record->stamp = time << LANE_TIME_SHIFT | kind << LANE_KIND_SHIFT | (slot & LANE_RECORDS ? 0 : LANE_LAP_BIT);
}

static struct lanes_merged merge_until(uint64_t now, size_t pages_max)
{
	const struct lanes_room room = { two.pages, pages_max, two.ranges, 4 };

	return lanes_merge(&two.merged, now, &room);
}

static void lanes_are_merged_by_time(void)
{
	fresh_lanes();
	write_record(0, 100, WIRE_PAGE_FREE, 1, true);
	write_record(0, 300, WIRE_PAGE_FREE, 3, true);
	write_record(1, 200, WIRE_PAGE_ALLOC, 2, true);
	write_record(1, 400, WIRE_PAGE_ALLOC, 4, true);
	EXPECT(merge_until(1000, 64).pages == 4);
	for (uint32_t i = 0; i < 4; i++)
		EXPECT(two.pages[i].pfn == i + 1);
	EXPECT(two.lanes[0].tail == 2 && two.lanes[1].tail == 2);
}

static void what_is_younger_than_the_merge_waits(void)
{
	fresh_lanes();
	write_record(0, 100, WIRE_PAGE_FREE, 1, true);
	write_record(1, 1001, WIRE_PAGE_ALLOC, 2, true);
	EXPECT(merge_until(1000, 64).pages == 1);
	EXPECT(merge_until(1001, 64).pages == 1 && two.pages[0].pfn == 2);
}

static void nothing_is_taken_behind_a_record_that_is_being_written(void)
{
	fresh_lanes();
	write_record(0, 100, WIRE_PAGE_FREE, 1, true);
	write_record(0, 0, 0, 0, false);
	write_record(0, 300, WIRE_PAGE_FREE, 3, true);
	write_record(1, 400, WIRE_PAGE_ALLOC, 4, true);
	EXPECT(merge_until(1000, 64).pages == 1);
	two.records[1] = (struct lane_record){ 200ull << LANE_TIME_SHIFT | 1 << LANE_KIND_SHIFT | LANE_LAP_BIT, 2 };
	EXPECT(merge_until(1000, 64).pages == 3);
	EXPECT(two.pages[0].pfn == 2 && two.pages[1].pfn == 3 && two.pages[2].pfn == 4);
}

static void lanes_go_around_and_stop_where_there_is_no_room(void)
{
	fresh_lanes();
	for (uint32_t i = 0; i < 5 * LANE_RECORDS; i++) {
		write_record(0, 100 + i, WIRE_PAGE_FREE, i, true);
		if (i % 2)
			EXPECT(merge_until(10000, 1).pages == 1 && two.pages[0].pfn == i - 1 &&
			       merge_until(10000, 1).pages == 1 && two.pages[0].pfn == i);
	}
	EXPECT(merge_until(10000, 64).pages == 0);
}

static void records_that_are_no_events_tell_of_cgroups_and_compaction(void)
{
	fresh_lanes();
	write_record(0, 100, LANE_CGROUP, 77, true);
	write_record(0, 110, WIRE_PAGE_FREE, 5 | 42ull << LANE_PID_SHIFT, true);
	write_record(0, 120, WIRE_PAGE_FREE, 6 | 42ull << LANE_PID_SHIFT | 1ull << LANE_INTERRUPT_SHIFT, true);
	write_record(0, 130, LANE_ISOLATED, 512 | 64ull << LANE_PID_SHIFT, true);
	write_record(0, 140, 7, 0, true);
	two.lanes[0].told = 2;
	struct lanes_merged merged = merge_until(1000, 64);

	EXPECT(merged.pages == 2 && merged.ranges == 1 && merged.malformed == 1);
	EXPECT(two.pages[0].cgroup == 77 && two.pages[0].pid == 42);
	EXPECT(two.pages[1].cgroup == WIRE_CGROUP_IRQ && two.pages[1].pid == 0);
	EXPECT(two.ranges[0].first == 512 && two.ranges[0].count == 64 && two.ranges[0].time_ns == 130);
	EXPECT(lanes_count(&two.merged).emitted == 3);
}

static void times_are_whole_again_where_their_bits_wrap(void)
{
	const uint64_t now = (3ull << LANE_TIME_BITS) + 50;

	fresh_lanes();
	write_record(0, now - 100, WIRE_PAGE_FREE, 1, true);
	write_record(0, now - 10, WIRE_PAGE_FREE, 2, true);
	EXPECT(merge_until(now, 64).pages == 2);
	EXPECT(two.pages[0].time_ns == now - 100 && two.pages[1].time_ns == now - 10);
}

/* ---- the audit: /proc/kpageflags is a file of our own ------------------------------------------------------------ */

#define FRAMES 2048u

static void note_event(struct audit *audit, uint8_t kind, uint32_t pfn, uint8_t order)
{
	const struct wire_page page = { .kind = kind, .pfn = pfn, .order = order };

	audit_note(audit, &page);
}

static void each_frame_that_stays_is_looked_at_once(void)
{
	static uint64_t flags[FRAMES];
	struct audit *audit = audit_new(FRAMES, 0x20f);
	struct audit_finding findings[8];
	FILE *file = tmpfile();
	int done;

	flags[10] = flags[11] = flags[700] = flags[1024] = 1ull << 10;
	EXPECT(audit && file && fwrite(flags, sizeof(flags), 1, file) == 1 && fflush(file) == 0);
	note_event(audit, WIRE_PAGE_FREE, 10, 1);
	note_event(audit, WIRE_PAGE_FREE, 20, 0);
	note_event(audit, WIRE_PAGE_FREE, 700, 0);
	note_event(audit, WIRE_PAGE_DRAIN, 700, 0); /* an event told */
	note_event(audit, WIRE_PAGE_FREE, 1024, 9);
	note_event(audit, WIRE_PAGE_FREE, 32, 4); /* of an order that is not kept on per-CPU lists */
	EXPECT(audit_look(audit, fileno(file), FRAMES, findings, 8, &done) == 0 && done);
	EXPECT(audit_look(audit, fileno(file), FRAMES, findings, 8, &done) == 2 && done);
	EXPECT(findings[0].first == 10 && findings[0].count == 2);
	EXPECT(findings[1].first == 1024 && findings[1].count == 1);
	EXPECT(audit_look(audit, fileno(file), FRAMES, findings, 8, &done) == 0 && done);
	fclose(file);
	audit_free(audit);
}

static void a_look_stops_at_its_limit_and_goes_on_there(void)
{
	static uint64_t flags[FRAMES];
	struct audit *audit = audit_new(FRAMES, 1);
	struct audit_finding findings[1];
	FILE *file = tmpfile();
	int done;

	flags[0] = flags[640] = 1ull << 10;
	EXPECT(audit && file && fwrite(flags, sizeof(flags), 1, file) == 1 && fflush(file) == 0);
	note_event(audit, WIRE_PAGE_FREE, 0, 0);
	note_event(audit, WIRE_PAGE_FREE, 640, 0);
	audit_look(audit, fileno(file), 1, findings, 1, &done);
	EXPECT(audit_look(audit, fileno(file), FRAMES, findings, 1, &done) == 1 && !done && findings[0].first == 0);
	EXPECT(audit_look(audit, fileno(file), FRAMES, findings, 1, &done) == 1 && findings[0].first == 640);
	fclose(file);
	audit_free(audit);
}

void run_lanes_tests(void)
{
	RUN(lanes_are_merged_by_time);
	RUN(what_is_younger_than_the_merge_waits);
	RUN(nothing_is_taken_behind_a_record_that_is_being_written);
	RUN(lanes_go_around_and_stop_where_there_is_no_room);
	RUN(records_that_are_no_events_tell_of_cgroups_and_compaction);
	RUN(times_are_whole_again_where_their_bits_wrap);
	RUN(each_frame_that_stays_is_looked_at_once);
	RUN(a_look_stops_at_its_limit_and_goes_on_there);
}
