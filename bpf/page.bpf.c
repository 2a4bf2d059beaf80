// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * What happens to page frames: allocated, freed to a per-CPU list or to the buddy allocator, moved between the two.
 * mm_page_free_batched is left out: it only repeats mm_page_free.
 */
#include "common.h"
#include "calibration.h"

enum page_program {
	PAGE_ALLOC,
	PAGE_FREE,
	PAGE_DRAIN,
	PAGE_REFILL,
	PAGE_EXTFRAG,
	PAGE_ALLOC_UNDERSTUDY,
	PAGE_FREE_UNDERSTUDY,
};

/*
 * Alignment that the base of the struct page array must have.
 * x86: 1 GiB, KASLR moves it by PUD_SIZE (arch/x86/mm/kaslr.c).
 * arm64: the smallest distance of ARM64_MEMSTART_ALIGN (arch/arm64/include/asm/kernel-pgtable.h), 1 GiB of memory, as
 * struct pages of 64 bytes for frames of 4 KiB.
 */
#if defined(__TARGET_ARCH_arm64)
const volatile __u64 base_alignment = 1ULL << 24;
#else
const volatile __u64 base_alignment = 1ULL << 30;
#endif

/* ---- recursion misses ---------------------------------------------------------------------------------------------
 *
 * An interrupt that frees pages while page_free runs on the same CPU does not run page_free again: the kernel skips a
 * program inside itself. Its understudy on the same tracepoint is another program and does run. It emits what the first
 * program has not noted among the last it saw on this CPU, and takes out what it finds: each note serves once, so a page
 * that comes by again soon after is not mistaken for the one before.
 */

/* An interrupt may run the first program while the understudy runs for an earlier event: as deep as contexts nest. */
#define NOTES 4 /* task, softirq, hardirq, NMI; a power of two */

struct notes {
	__u64 page[NOTES];
	__u32 next;
};

enum noted {
	NOTED_ALLOC,
	NOTED_FREE,
	NOTED_COUNT,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NOTED_COUNT);
	__type(key, __u32);
	__type(value, struct notes);
} notes SEC(".maps");

static __always_inline void note(const __u32 which, __u64 page)
{
	volatile struct notes *noted = bpf_map_lookup_elem(&notes, &which);

	if (noted)
		noted->page[noted->next++ & (NOTES - 1)] = page;
}

/* True when the first program has not seen this event. The newest note is looked at first: it nearly always is the one. */
static __always_inline bool was_missed(const __u32 which, __u64 page)
{
	volatile struct notes *noted = bpf_map_lookup_elem(&notes, &which);
	__u32 newest;

	if (!noted)
		return false;
	newest = noted->next - 1;
#pragma unroll
	for (__u32 age = 0; age < NOTES; age++) {
		volatile __u64 *slot = &noted->page[(newest - age) & (NOTES - 1)];

		if (*slot == page) {
			*slot = 0;
			return false;
		}
	}
	return true;
}

/* ---- the events ------------------------------------------------------------------------------------------------ */

/* Nearly everywhere a struct page has 64 bytes: the verifier then drops the division, which is slow. */
static __always_inline __u32 frame_of(const struct wire_control *knobs, __u64 page)
{
	const __u64 bytes = bpf_core_type_size(struct page);

	return bytes == 64 ? (page - knobs->vmemmap_base) >> 6 : (page - knobs->vmemmap_base) / bytes;
}

static __always_inline int page_event(struct wire_counters *count, __u8 kind, __u64 page, __u32 order,
				      __u32 migrate_type)
{
	const struct wire_control *knobs = control_knobs();
	struct wire_page *record;
	__u32 pfn;

	if (!count || !knobs)
		return 0;
	count->seen++;
	pfn = frame_of(knobs, page);
	if (!is_kept(pfn >> (knobs->block_frame_shift & 31), knobs->page_keep_one_in, knobs->salt)) {
		count->sampled_out++;
		return 0;
	}
	record = record_reserve(count, sizeof(*record));
	if (!record)
		return 0;
	record->time_ns = bpf_ktime_get_ns();
	record->pfn = pfn;
	record->pid = current_pid();
	record->cgroup = current_cgroup();
	record->kind = kind;
	record->order = order;
	record->migrate_type = migrate_type;
	record->cpu = bpf_get_smp_processor_id();
	record_submit(count, record);
	return 0;
}

static __always_inline int recovered_event(struct wire_counters *count, __u8 kind, __u64 page, __u32 order,
					   __u32 migrate_type)
{
	if (count)
		count->recovered++;
	return page_event(count, kind, page, order, migrate_type);
}

/*
 * raw_tp and not tp_btf: the verifier forbids arithmetic on the trusted pointers of the latter. A failed allocation
 * comes as page 0.
 */
SEC("raw_tp/mm_page_alloc")
int BPF_PROG(page_alloc, __u64 page, __u32 order, __u64 gfp_flags, __u32 migrate_type)
{
	if (!page)
		return 0;
	note(NOTED_ALLOC, page);
	return page_event(counters_of(PAGE_ALLOC), WIRE_PAGE_ALLOC, page, order, migrate_type);
}

SEC("raw_tp/mm_page_alloc")
int BPF_PROG(understudy_page_alloc, __u64 page, __u32 order, __u64 gfp_flags, __u32 migrate_type)
{
	if (!page || !was_missed(NOTED_ALLOC, page))
		return 0;
	return recovered_event(counters_of(PAGE_ALLOC_UNDERSTUDY), WIRE_PAGE_ALLOC, page, order, migrate_type);
}

SEC("raw_tp/mm_page_free")
int BPF_PROG(page_free, __u64 page, __u32 order)
{
	note(NOTED_FREE, page);
	return page_event(counters_of(PAGE_FREE), WIRE_PAGE_FREE, page, order, 0);
}

SEC("raw_tp/mm_page_free")
int BPF_PROG(understudy_page_free, __u64 page, __u32 order)
{
	if (!was_missed(NOTED_FREE, page))
		return 0;
	return recovered_event(counters_of(PAGE_FREE_UNDERSTUDY), WIRE_PAGE_FREE, page, order, 0);
}

/* The other three fire under the zone's lock with interrupts off (mm/page_alloc.c): nothing can come between. */
SEC("raw_tp/mm_page_pcpu_drain")
int BPF_PROG(page_drain, __u64 page, __u32 order, __u32 migrate_type)
{
	return page_event(counters_of(PAGE_DRAIN), WIRE_PAGE_DRAIN, page, order, migrate_type);
}

SEC("raw_tp/mm_page_alloc_zone_locked")
int BPF_PROG(page_refill, __u64 page, __u32 order, __u32 migrate_type)
{
	return page_event(counters_of(PAGE_REFILL), WIRE_PAGE_REFILL, page, order, migrate_type);
}

SEC("raw_tp/mm_page_alloc_extfrag")
int BPF_PROG(page_extfrag, __u64 page, __u32 order, __u32 fallback_order, __u32 migrate_type)
{
	return page_event(counters_of(PAGE_EXTFRAG), WIRE_PAGE_EXTFRAG, page, order, migrate_type);
}

/* ---- calibration ----------------------------------------------------------------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct calibration);
} calibration SEC(".maps");

static __always_inline struct calibration *calibration_here(void)
{
	const __u32 key = 0;

	return bpf_map_lookup_elem(&calibration, &key);
}

SEC("raw_tp/mm_page_alloc")
int BPF_PROG(calibrate_page, __u64 page)
{
	struct calibration *here = calibration_here();

	if (here)
		here->page = page;
	return 0;
}

SEC("tracepoint/kmem/mm_page_alloc")
int calibrate_frame(struct trace_event_raw_mm_page_alloc *record)
{
	struct calibration *here = calibration_here();

	if (here && here->page)
		calibration_judge(here, record->pfn, bpf_core_type_size(struct page), base_alignment);
	return 0;
}
