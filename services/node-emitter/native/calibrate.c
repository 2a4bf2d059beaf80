// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../bpf/include/calibration.h"
#include "group.h"
#include "tracefs.h"

#define TRACEPOINT "kmem/mm_page_alloc"
/* Pairs that must agree. One false pair in a thousand is aligned by chance at worst; eight alike are no chance. */
#define PAIRS_MIN 8
#define ROUNDS_MAX 100
#define PROVOKED_BYTES (1u << 20)

/* Makes this CPU allocate some hundred pages. */
static void provoke_allocations(void)
{
	void *memory =
		mmap(NULL, PROVOKED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory != MAP_FAILED)
		munmap(memory, PROVOKED_BYTES);
}

/* Adds up what the CPUs found. CPUs that contradict each other leave no base. */
static int gather(const struct shim_group *group, struct shim_calibration *result)
{
	struct calibration *found = calloc((size_t)group->cpus, sizeof(*found));
	const uint32_t key = 0;
	int failed;

	if (!found)
		return -ENOMEM;
	memset(result, 0, sizeof(*result));
	failed = bpf_map_lookup_elem(group_map(group, "calibration"), &key, found);
	for (int cpu = 0; !failed && cpu < group->cpus; cpu++) {
		result->refused += found[cpu].refused;
		if (!found[cpu].base)
			continue;
		if (result->base && result->base != found[cpu].base) {
			result->refused += result->agreed + found[cpu].agreed;
			result->agreed = 0;
		} else {
			result->agreed += found[cpu].agreed;
		}
		result->base = found[cpu].base;
	}
	free(found);
	return failed;
}

static int run_rounds(const struct shim_group *group, struct shim_calibration *result)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		int failed;

		provoke_allocations();
		failed = gather(group, result);
		if (failed)
			return failed;
		if (result->agreed >= PAIRS_MIN)
			return 0;
	}
	result->base = 0;
	return -ENODATA;
}

static struct bpf_link *attach_classic(struct bpf_program *program)
{
	int event = tracefs_event_open(TRACEPOINT);
	struct bpf_link *link;

	if (event < 0) {
		errno = -event;
		return NULL;
	}
	link = bpf_program__attach_perf_event(program, event); /* owns the event from here */
	if (!link)
		close(event);
	return link;
}

/* The pointer must come first: tracepoints call their programs in the order of attachment. */
int shim_calibrate(struct shim_group *group, struct shim_calibration *result, struct shim_error *error)
{
	struct bpf_program *pointer = bpf_object__find_program_by_name(group->object, "calibrate_page");
	struct bpf_program *frame = bpf_object__find_program_by_name(group->object, "calibrate_frame");
	struct bpf_link *pointer_link = NULL, *frame_link = NULL;
	int failed = -ENOENT;

	memset(result, 0, sizeof(*result));
	if (pointer && frame && bpf_program__autoload(pointer) && bpf_program__autoload(frame)) {
		pointer_link = bpf_program__attach(pointer);
		frame_link = pointer_link ? attach_classic(frame) : NULL;
		failed = frame_link ? run_rounds(group, result) : -errno;
		bpf_link__destroy(frame_link);
		bpf_link__destroy(pointer_link);
	}
	if (!failed) {
		group->knobs.vmemmap_base = result->base;
		failed = group_write_knobs(group);
	}
	if (failed)
		shim_fail(error, "no base of the struct page array: %s; %u pairs refused, %u agreed", strerror(-failed),
			  result->refused, result->agreed);
	return failed;
}
