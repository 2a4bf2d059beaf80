// SPDX-License-Identifier: Apache-2.0
/*
 * What of the shim needs no kernel: the ring's parser over memory of our own, the classes of frames, the judgement of
 * calibration pairs. Prints one line for each test; exit code 1 when one failed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../../bpf/include/calibration.h"
#include "frames.h"
#include "ring.h"
#include "shim-test.h"

#define RING_BYTES 256u
#define RECORD_BYTES 24u
#define STEP_BYTES 32u /* of such a record with its header */
#define BUSY (1u << 31)
#define DISCARDED (1u << 30)

int failures;

/* ---- a ring of our own ---------------------------------------------------------------------------------------- */

static struct {
	uint64_t data[2 * RING_BYTES / 8]; /* what the kernel maps twice is kept alike by hand */
	uint64_t produced;
	uint64_t consumed;
	struct ring ring;
	uint8_t out[RING_BYTES];
} fake;

static void fresh_ring(uint64_t position)
{
	memset(&fake, 0, sizeof(fake));
	fake.produced = fake.consumed = position;
	fake.ring = (struct ring){
		.data = (const uint8_t *)fake.data,
		.size_bytes = RING_BYTES,
		.producer_position = &fake.produced,
		.consumer_position = &fake.consumed,
	};
}

static void put_byte(uint64_t position, uint8_t byte)
{
	uint8_t *data = (uint8_t *)fake.data;

	data[position % RING_BYTES] = byte;
	data[position % RING_BYTES + RING_BYTES] = byte;
}

/* Appends a record whose payload bytes are all `fill`. */
static void produce(uint32_t length, uint32_t flags, uint8_t fill)
{
	uint32_t header = length | flags;

	for (uint32_t i = 0; i < 4; i++)
		put_byte(fake.produced + i, (uint8_t)(header >> (8 * i)));
	for (uint32_t i = 0; i < length; i++)
		put_byte(fake.produced + 8 + i, fill);
	fake.produced += (length + 8 + 7) & ~7u;
}

static struct ring_drained drain(size_t room)
{
	return ring_drain(&fake.ring, fake.out, room, RECORD_BYTES);
}

static bool out_is(size_t record, uint8_t fill)
{
	for (uint32_t i = 0; i < RECORD_BYTES; i++)
		if (fake.out[record * RECORD_BYTES + i] != fill)
			return false;
	return true;
}

/* ---- the ring ------------------------------------------------------------------------------------------------- */

static void an_empty_ring_gives_nothing(void)
{
	fresh_ring(0);
	EXPECT(drain(sizeof(fake.out)).bytes == 0);
	EXPECT(fake.consumed == 0);
}

static void records_come_whole_and_in_order(void)
{
	fresh_ring(0);
	for (uint8_t i = 1; i <= 3; i++)
		produce(RECORD_BYTES, 0, i);
	EXPECT(drain(sizeof(fake.out)).bytes == 3 * RECORD_BYTES);
	EXPECT(out_is(0, 1) && out_is(1, 2) && out_is(2, 3));
	EXPECT(fake.consumed == fake.produced);
}

static void a_record_may_wrap_around_the_end(void)
{
	fresh_ring(7 * RING_BYTES - 16);
	produce(RECORD_BYTES, 0, 9);
	produce(RECORD_BYTES, 0, 10);
	EXPECT(drain(sizeof(fake.out)).bytes == 2 * RECORD_BYTES);
	EXPECT(out_is(0, 9) && out_is(1, 10));
	EXPECT(fake.consumed == 7 * RING_BYTES - 16 + 2 * STEP_BYTES);
}

static void a_full_ring_is_drained_to_the_last_record(void)
{
	fresh_ring(5 * RING_BYTES + 64);
	for (uint8_t i = 0; i < RING_BYTES / STEP_BYTES; i++)
		produce(RECORD_BYTES, 0, i);
	EXPECT(drain(sizeof(fake.out)).bytes == RING_BYTES / STEP_BYTES * RECORD_BYTES);
	EXPECT(out_is(RING_BYTES / STEP_BYTES - 1, RING_BYTES / STEP_BYTES - 1));
}

static void a_discarded_record_is_passed_over(void)
{
	struct ring_drained drained;

	fresh_ring(0);
	produce(RECORD_BYTES, 0, 1);
	produce(RECORD_BYTES, DISCARDED, 2);
	produce(RECORD_BYTES, 0, 3);
	drained = drain(sizeof(fake.out));
	EXPECT(drained.bytes == 2 * RECORD_BYTES);
	EXPECT(drained.discarded == 1);
	EXPECT(drained.malformed == 0);
	EXPECT(out_is(0, 1) && out_is(1, 3));
}

static void a_busy_record_holds_up_all_behind_it(void)
{
	fresh_ring(0);
	produce(RECORD_BYTES, 0, 1);
	produce(RECORD_BYTES, BUSY, 2);
	produce(RECORD_BYTES, 0, 3);
	EXPECT(drain(sizeof(fake.out)).bytes == RECORD_BYTES);
	EXPECT(fake.consumed == STEP_BYTES);
	((uint8_t *)fake.data)[STEP_BYTES + 3] &= 0x7f; /* its writer is done */
	EXPECT(drain(sizeof(fake.out)).bytes == 2 * RECORD_BYTES);
	EXPECT(out_is(0, 2) && out_is(1, 3));
}

static void what_does_not_fit_stays_in_the_ring(void)
{
	fresh_ring(0);
	for (uint8_t i = 1; i <= 3; i++)
		produce(RECORD_BYTES, 0, i);
	EXPECT(drain(2 * RECORD_BYTES + RECORD_BYTES - 1).bytes == 2 * RECORD_BYTES);
	EXPECT(fake.consumed == 2 * STEP_BYTES);
	EXPECT(drain(RECORD_BYTES).bytes == RECORD_BYTES);
	EXPECT(out_is(0, 3));
	EXPECT(drain(RECORD_BYTES).bytes == 0);
}

static void a_record_of_another_length_is_counted_and_passed_over(void)
{
	struct ring_drained drained;

	fresh_ring(0);
	produce(RECORD_BYTES, 0, 1);
	produce(RECORD_BYTES - 7, 0, 2);
	produce(RECORD_BYTES, 0, 3);
	drained = drain(sizeof(fake.out));
	EXPECT(drained.bytes == 2 * RECORD_BYTES);
	EXPECT(drained.malformed == 1);
	EXPECT(out_is(1, 3));
}

/* ---- frames --------------------------------------------------------------------------------------------------- */

#define BUDDY (1ull << 10)
#define LRU (1ull << 5)
#define HEAD (1ull << 15)
#define TAIL (1ull << 16)
#define NOPAGE (1ull << 20)
#define RESERVED (1ull << 32)

static void each_frame_has_its_class(void)
{
	const uint64_t flags[] = { 0, BUDDY, LRU, NOPAGE, RESERVED, BUDDY | LRU };
	const uint8_t expected[] = { FRAME_NO_FLAGS, FRAME_BUDDY, FRAME_IN_USE, FRAME_HOLE, FRAME_IN_USE, FRAME_BUDDY };
	uint8_t classes[6];

	frames_classify(flags, 6, classes);
	EXPECT(memcmp(classes, expected, sizeof(expected)) == 0);
}

static void a_compound_head_has_the_order_of_its_page(void)
{
	const uint64_t flags[] = { HEAD | LRU, TAIL, TAIL, TAIL, HEAD, TAIL, LRU, HEAD };
	uint8_t classes[8];

	frames_classify(flags, 8, classes);
	EXPECT(classes[0] == (FRAME_COMPOUND_HEAD | 2 << FRAME_ORDER_SHIFT));
	EXPECT(classes[3] == FRAME_COMPOUND_TAIL);
	EXPECT(classes[4] == (FRAME_COMPOUND_HEAD | 1 << FRAME_ORDER_SHIFT));
	EXPECT(classes[6] == FRAME_IN_USE);
	EXPECT(classes[7] == FRAME_COMPOUND_HEAD);
}

static void a_tail_without_its_head_stays_a_tail(void)
{
	const uint64_t flags[] = { TAIL, TAIL, HEAD, TAIL };
	uint8_t classes[4];

	frames_classify(flags, 4, classes);
	EXPECT(classes[0] == FRAME_COMPOUND_TAIL && classes[1] == FRAME_COMPOUND_TAIL);
	EXPECT(classes[2] == (FRAME_COMPOUND_HEAD | 1 << FRAME_ORDER_SHIFT));
}

/* ---- calibration ---------------------------------------------------------------------------------------------- */

#define PAGE_STRUCT 64u
#define GIB (1ull << 30)
#define BASE 0xffffea0000000000ull

static void pair(struct calibration *calibration, uint64_t real_pfn, uint64_t told_pfn)
{
	calibration->page = BASE + real_pfn * PAGE_STRUCT;
	calibration_judge(calibration, told_pfn, PAGE_STRUCT, GIB);
}

static void true_pairs_agree_on_the_base(void)
{
	struct calibration calibration = { 0 };

	for (uint64_t pfn = 1; pfn <= 8; pfn++)
		pair(&calibration, pfn * 977, pfn * 977);
	EXPECT(calibration.base == BASE);
	EXPECT(calibration.agreed == 8 && calibration.refused == 0);
}

static void a_pair_of_two_allocations_is_refused(void)
{
	struct calibration calibration = { 0 };

	pair(&calibration, 1000, 1000);
	pair(&calibration, 1000, 1001);
	EXPECT(calibration.base == BASE);
	EXPECT(calibration.agreed == 1 && calibration.refused == 1);
}

static void an_aligned_contradiction_starts_the_count_anew(void)
{
	struct calibration calibration = { 0 };

	for (int i = 0; i < 7; i++)
		pair(&calibration, 1000, 1000);
	pair(&calibration, 1000 + GIB / PAGE_STRUCT, 1000);
	EXPECT(calibration.base == BASE + GIB);
	EXPECT(calibration.agreed == 1 && calibration.refused == 1);
}

void run(const char *name, void (*test)(void))
{
	int before = failures;

	test();
	printf("%s %s\n", failures == before ? "ok" : "FAILED", name);
}

int main(void)
{
	RUN(an_empty_ring_gives_nothing);
	RUN(records_come_whole_and_in_order);
	RUN(a_record_may_wrap_around_the_end);
	RUN(a_full_ring_is_drained_to_the_last_record);
	RUN(a_discarded_record_is_passed_over);
	RUN(a_busy_record_holds_up_all_behind_it);
	RUN(what_does_not_fit_stays_in_the_ring);
	RUN(a_record_of_another_length_is_counted_and_passed_over);
	run_lanes_tests();
	RUN(each_frame_has_its_class);
	RUN(a_compound_head_has_the_order_of_its_page);
	RUN(a_tail_without_its_head_stays_a_tail);
	RUN(true_pairs_agree_on_the_base);
	RUN(a_pair_of_two_allocations_is_refused);
	RUN(an_aligned_contradiction_starts_the_count_anew);
	return failures ? 1 : 0;
}
