// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * What happens to page frames: allocated, freed to a per-CPU list or to the buddy allocator, moved between the two; and
 * where compaction takes free ones. mm_page_free_batched is left out: it only repeats mm_page_free.
 */
#include "common.h"
#include "calibration.h"
#include "lane.h"

/*
 * Alignment that the base of the struct page array must have.
 * x86: 1 GiB, KASLR moves it by PUD_SIZE (arch/x86/mm/kaslr.c).
 * arm64: the smallest distance of ARM64_MEMSTART_ALIGN (arch/arm64/include/asm/kernel-pgtable.h), 1 GiB of memory, as
 * struct pages of 64 bytes for frames of 4 KiB.
 */
#if defined(__TARGET_ARCH_arm64)
#define BASE_ALIGNMENT (1ULL << 24)
#else
#define BASE_ALIGNMENT (1ULL << 30)
#endif

/* ---- lanes ------------------------------------------------------------------------------------------------------ */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* CPUs, set by user space */
	__type(key, __u32);
	__type(value, struct lane);
} lanes SEC(".maps");

/* options.lane_records for each CPU, one behind the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024); /* set by user space */
	__type(key, __u32);
	__type(value, struct lane_record);
} records SEC(".maps");

static __always_inline struct lane *lane_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&lanes, &cpu);
}

/* The second word first: a record whose lap bit is set is whole. x86 keeps the order of stores, others need a barrier. */
static __always_inline void record_publish(volatile struct lane_record *record, __u64 stamp, __u64 what)
{
	record->what = what;
#if defined(__TARGET_ARCH_x86)
	record->stamp = stamp;
#else
	__sync_lock_test_and_set(&record->stamp, stamp);
#endif
}

/* Writes one record. @stamp comes without its lap bit. False, counted, when there is no room. */
static __always_inline bool lane_write(struct lane *lane, __u32 cpu, __u64 stamp, __u64 what)
{
	const __u64 mask = options.lane_records - 1;
	struct lane_record *record;
	__u64 slot;
	__u32 index;

	if (lane->head - *(volatile __u64 *)&lane->tail >= options.lane_records - LANE_RESERVE) {
		__sync_fetch_and_add(&lane->lost, 1);
		return false;
	}
	slot = __sync_fetch_and_add(&lane->head, 1);
	index = cpu * options.lane_records + (slot & mask);
	record = bpf_map_lookup_elem(&records, &index);
	if (record)
		record_publish(record, stamp | (slot & options.lane_records ? 0 : LANE_LAP_BIT), what);
	return true;
}

static __always_inline __u64 stamp_of(__u64 kind, __u64 order)
{
	return bpf_ktime_get_ns() << LANE_TIME_SHIFT | order << LANE_ORDER_SHIFT | kind << LANE_KIND_SHIFT;
}

/*
 * Tells the cgroup of the current task when the lane's readers do not know it. A task's css_set stands for its cgroups;
 * the process is compared too, as the memory of a css_set may come to another's use.
 */
static __always_inline void tell_cgroup(struct lane *lane, __u32 cpu, struct task_struct *task)
{
	__u64 css_set = (__u64)task->cgroups;
	__u32 pid = task->tgid;
	__u32 cgroup;

	if (lane->css_set == css_set && lane->pid == pid)
		return;
	cgroup = cgroup_of(task);
	if (cgroup != lane->cgroup) {
		if (!lane_write(lane, cpu, stamp_of(LANE_CGROUP, 0), cgroup))
			return;
		__sync_fetch_and_add(&lane->told, 1);
		lane->cgroup = cgroup;
	}
	lane->css_set = css_set;
	lane->pid = pid;
}

/* ---- interrupts -------------------------------------------------------------------------------------------------
 *
 * Pages allocated in interrupts belong to no task. preempt_count would tell, but its symbol is not in every kernel's
 * kallsyms, so each CPU keeps what the interrupts' own tracepoints say. A handler that interrupts one of these programs
 * has put its bit back before it returns: no atomics are needed.
 */
#define IN_SOFTIRQ 1
#define IN_HARDIRQ 2

static __always_inline int interrupt(__u32 bit, bool enters)
{
	struct lane *lane = lane_of(bpf_get_smp_processor_id());

	if (lane)
		lane->interrupts = enters ? lane->interrupts | bit : lane->interrupts & ~bit;
	return 0;
}

SEC("raw_tp/softirq_entry")
int BPF_PROG(softirq_enters)
{
	return interrupt(IN_SOFTIRQ, true);
}

SEC("raw_tp/softirq_exit")
int BPF_PROG(softirq_leaves)
{
	return interrupt(IN_SOFTIRQ, false);
}

SEC("raw_tp/irq_handler_entry")
int BPF_PROG(hardirq_enters)
{
	return interrupt(IN_HARDIRQ, true);
}

SEC("raw_tp/irq_handler_exit")
int BPF_PROG(hardirq_leaves)
{
	return interrupt(IN_HARDIRQ, false);
}

/* ---- recursion misses ---------------------------------------------------------------------------------------------
 *
 * An interrupt that frees pages while page_free runs on the same CPU does not run page_free again: the kernel skips a
 * program inside itself. Its understudy on the same tracepoint is another program and does run. It emits what the first
 * program has not noted among the last it saw on this CPU, and takes out what it finds: each note serves once, so a page
 * that comes by again soon after is not mistaken for the one before. An interrupt may run the first program while the
 * understudy runs for an earlier event, so there are as many notes as contexts nest.
 */

static __always_inline void note(struct lane_notes *notes, __u64 page)
{
	volatile struct lane_notes *noted = notes;

	noted->page[noted->next++ & (LANE_NOTES - 1)] = page;
}

/* True when the first program has not seen this event. The newest note is looked at first: it nearly always is the one. */
static __always_inline bool was_missed(struct lane_notes *notes, __u64 page)
{
	volatile struct lane_notes *noted = notes;
	__u32 newest = noted->next - 1;

#pragma unroll
	for (__u32 age = 0; age < LANE_NOTES; age++) {
		volatile __u64 *slot = &noted->page[(newest - age) & (LANE_NOTES - 1)];

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

/* The class of gfp flags. Numbers: ___GFP_*, include/linux/gfp_types.h, the same from 5.8 to 6.18. */
static __always_inline __u64 gfp_class(__u64 flags)
{
	return (flags >> 1 & WIRE_GFP_USER) | (flags >> 9 & WIRE_GFP_WAIT) | (flags >> 5 & WIRE_GFP_FS) |
	       (flags >> 19 & WIRE_GFP_ACCOUNT);
}

static __always_inline int page_event(struct lane *lane, __u32 cpu, __u64 kind, __u64 page, __u32 order,
				      __u64 migrate_type, __u64 gfp)
{
	const struct wire_control *knobs = control_knobs();
	struct task_struct *task;
	__u64 pfn;

	if (!knobs)
		return 0;
	pfn = frame_of(knobs, page);
	if (!is_kept(pfn >> (knobs->block_frame_shift & 31), knobs->page_keep_one_in, knobs->salt)) {
		__sync_fetch_and_add(&lane->sampled_out, 1);
		return 0;
	}
	task = bpf_get_current_task_btf();
	tell_cgroup(lane, cpu, task);
	lane_write(lane, cpu, stamp_of(kind, order & LANE_ORDER_MASK),
		   pfn | ((__u64)task->tgid & LANE_PID_MASK) << LANE_PID_SHIFT | gfp << LANE_GFP_SHIFT |
			   (migrate_type & LANE_TYPE_MASK) << LANE_TYPE_SHIFT |
			   (__u64)(lane->interrupts != 0) << LANE_INTERRUPT_SHIFT);
	return 0;
}

/*
 * raw_tp and not tp_btf: the verifier forbids arithmetic on the trusted pointers of the latter. A failed allocation
 * comes as page 0.
 */
SEC("raw_tp/mm_page_alloc")
int BPF_PROG(page_alloc, __u64 page, __u32 order, __u64 gfp_flags, __u32 migrate_type)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct lane *lane = lane_of(cpu);

	if (!page || !lane)
		return 0;
	note(&lane->allocated, page);
	return page_event(lane, cpu, WIRE_PAGE_ALLOC, page, order, migrate_type, gfp_class(gfp_flags));
}

SEC("raw_tp/mm_page_alloc")
int BPF_PROG(understudy_page_alloc, __u64 page, __u32 order, __u64 gfp_flags, __u32 migrate_type)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct lane *lane = lane_of(cpu);

	if (!page || !lane || !was_missed(&lane->allocated, page))
		return 0;
	__sync_fetch_and_add(&lane->recovered, 1);
	return page_event(lane, cpu, WIRE_PAGE_ALLOC, page, order, migrate_type, gfp_class(gfp_flags));
}

SEC("raw_tp/mm_page_free")
int BPF_PROG(page_free, __u64 page, __u32 order)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct lane *lane = lane_of(cpu);

	if (!lane)
		return 0;
	note(&lane->freed, page);
	return page_event(lane, cpu, WIRE_PAGE_FREE, page, order, 0, 0);
}

SEC("raw_tp/mm_page_free")
int BPF_PROG(understudy_page_free, __u64 page, __u32 order)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct lane *lane = lane_of(cpu);

	if (!lane || !was_missed(&lane->freed, page))
		return 0;
	__sync_fetch_and_add(&lane->recovered, 1);
	return page_event(lane, cpu, WIRE_PAGE_FREE, page, order, 0, 0);
}

/* The other three fire under the zone's lock with interrupts off (mm/page_alloc.c): nothing can come between. */
static __always_inline int list_event(__u64 kind, __u64 page, __u32 order, __u32 migrate_type)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct lane *lane = lane_of(cpu);

	return lane ? page_event(lane, cpu, kind, page, order, migrate_type, 0) : 0;
}

SEC("raw_tp/mm_page_pcpu_drain")
int BPF_PROG(page_drain, __u64 page, __u32 order, __u32 migrate_type)
{
	return list_event(WIRE_PAGE_DRAIN, page, order, migrate_type);
}

SEC("raw_tp/mm_page_alloc_zone_locked")
int BPF_PROG(page_refill, __u64 page, __u32 order, __u32 migrate_type)
{
	return list_event(WIRE_PAGE_REFILL, page, order, migrate_type);
}

SEC("raw_tp/mm_page_alloc_extfrag")
int BPF_PROG(page_extfrag, __u64 page, __u32 order, __u32 fallback_order, __u32 migrate_type)
{
	return list_event(WIRE_PAGE_EXTFRAG, page, order, migrate_type);
}

/* ---- compaction ------------------------------------------------------------------------------------------------
 *
 * What compaction moves pages to it takes from the buddy allocator without an allocation event (isolate_freepages_block,
 * mm/compaction.c). These two tell where, once the pages are taken.
 */
static __always_inline int isolated(__u64 first, __u64 end, __u64 taken)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct lane *lane = lane_of(cpu);

	if (!lane || !taken || end <= first)
		return 0;
	if (lane_write(lane, cpu, stamp_of(LANE_ISOLATED, 0), first | (end - first) << LANE_PID_SHIFT))
		__sync_fetch_and_add(&lane->told, 1);
	return 0;
}

SEC("raw_tp/mm_compaction_isolate_freepages")
int BPF_PROG(isolate_free, __u64 first, __u64 end, __u64 scanned, __u64 taken)
{
	return isolated(first, end, taken);
}

SEC("raw_tp/mm_compaction_fast_isolate_freepages")
int BPF_PROG(isolate_free_fast, __u64 first, __u64 end, __u64 scanned, __u64 taken)
{
	return isolated(first, end, taken);
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
		calibration_judge(here, record->pfn, bpf_core_type_size(struct page),
				  options.base_alignment ? options.base_alignment : BASE_ALIGNMENT);
	return 0;
}
