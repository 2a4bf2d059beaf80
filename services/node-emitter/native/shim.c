// SPDX-License-Identifier: Apache-2.0
#include "shim.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "group.h"

/* At least so many records a lane: one poll interval at 100,000 events a second. */
#define LANE_RECORDS_MIN 1024

/* ---- what libbpf says ----------------------------------------------------------------------------------------- */

#define COMPLAINT_MAX 512

/* libbpf's first warning: its return values say little, its later warnings repeat, its hints of "ulimit -l" mislead. */
static char complaint[COMPLAINT_MAX];

static int remember_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && !complaint[0] && !strstr(format, "ulimit")) {
		vsnprintf(complaint, sizeof(complaint), format, arguments);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

void shim_fail(struct shim_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
}

/* ---- programs ------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool program_is_calibration(const struct bpf_program *program)
{
	return starts_with(bpf_program__name(program), "calibrate_");
}

bool program_is_understudy(const struct bpf_program *program)
{
	return starts_with(bpf_program__name(program), "understudy_");
}

static bool program_is_uprobe(const struct bpf_program *program)
{
	return bpf_program__type(program) == BPF_PROG_TYPE_KPROBE;
}

static void add_absent(struct shim_group *group, const struct bpf_program *program, const char *reason)
{
	struct shim_absent *absent;

	if (group->absent_count == SHIM_PROGRAMS_MAX)
		return;
	absent = &group->absent[group->absent_count++];
	snprintf(absent->program, sizeof(absent->program), "%s", bpf_program__name(program));
	snprintf(absent->reason, sizeof(absent->reason), "%s", reason);
}

/* Every tracepoint has a typedef btf_trace_NAME in the kernel's BTF (include/trace/bpf_probe.h). */
static bool kernel_has_tracepoint(const struct btf *kernel, const char *name)
{
	char type[SHIM_TEXT_MAX];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0;
}

/* One program that cannot be loaded would fail the whole object: those without a tracepoint stay out. */
static void leave_out_absent(struct shim_group *group, const struct btf *kernel)
{
	struct bpf_program *program;

	bpf_object__for_each_program (program, group->object) {
		const char *section = bpf_program__section_name(program);
		const char *tracepoint = strrchr(section, '/');

		if (program_is_uprobe(program) || !tracepoint || kernel_has_tracepoint(kernel, tracepoint + 1))
			continue;
		bpf_program__set_autoload(program, false);
		add_absent(group, program, "this kernel has no such tracepoint");
	}
}

static void attach_program(struct shim_group *group, struct bpf_program *program)
{
	struct bpf_link *link;

	if (group->link_count == SHIM_PROGRAMS_MAX || !bpf_program__autoload(program))
		return;
	link = bpf_program__attach(program);
	if (link)
		group->links[group->link_count++] = link;
	else
		add_absent(group, program, strerror(errno));
}

/*
 * An understudy emits what its first program did not note: attached before it, or detached after it, it would take
 * every event for missed.
 */
int shim_attach(struct shim_group *group)
{
	struct bpf_program *program;

	for (int understudies = 0; understudies <= 1; understudies++)
		bpf_object__for_each_program (program, group->object) {
			if (program_is_uprobe(program) || program_is_calibration(program) ||
			    program_is_understudy(program) != understudies)
				continue;
			attach_program(group, program);
		}
	return (int)group->link_count;
}

size_t shim_absent(const struct shim_group *group, const struct shim_absent **absent)
{
	*absent = group->absent;
	return group->absent_count;
}

/* ---- maps ----------------------------------------------------------------------------------------------------- */

int group_map(const struct shim_group *group, const char *name)
{
	return bpf_object__find_map_fd_by_name(group->object, name);
}

int group_write_knobs(struct shim_group *group)
{
	const uint32_t key = 0;

	return bpf_map_update_elem(group_map(group, "control"), &key, &group->knobs, BPF_ANY);
}

int shim_configure(struct shim_group *group, const struct wire_control *knobs)
{
	uint64_t base = group->knobs.vmemmap_base;

	group->knobs = *knobs;
	group->knobs.vmemmap_base = base;
	return group_write_knobs(group);
}

/*
 * The data follow the producer's page and are mapped twice; all of it read-only. kernel/bpf/ringbuf.c
 * libbpf rounds the size up to what the kernel takes, so it is asked.
 */
static int map_ring(struct shim_group *group)
{
	uint32_t ring_bytes = bpf_map__max_entries(bpf_object__find_map_by_name(group->object, "ring"));
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	int fd = group_map(group, "ring");

	group->consumer_page = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (group->consumer_page == MAP_FAILED)
		return -errno;
	group->producer_pages_bytes = page_bytes + 2 * (size_t)ring_bytes;
	group->producer_pages = mmap(NULL, group->producer_pages_bytes, PROT_READ, MAP_SHARED, fd, (off_t)page_bytes);
	if (group->producer_pages == MAP_FAILED)
		return -errno;
	group->ring = (struct ring){
		.data = (const uint8_t *)group->producer_pages + page_bytes,
		.size_bytes = ring_bytes,
		.producer_position = group->producer_pages,
		.consumer_position = group->consumer_page,
	};
	return 0;
}

bool group_has_lanes(const struct shim_group *group)
{
	return bpf_object__find_map_by_name(group->object, "lanes") != NULL;
}

/* The lanes share what a ring would have; a power of two each. */
static uint32_t lane_records_of(const struct shim_group *group, uint32_t ring_bytes)
{
	uint32_t records = LANE_RECORDS_MIN;

	while ((uint64_t)records * 2 * (uint32_t)group->cpus * sizeof(struct lane_record) <= ring_bytes)
		records *= 2;
	return records;
}

static int size_lanes(struct shim_group *group, uint32_t lane_records)
{
	uint32_t cpus = (uint32_t)group->cpus;
	int failed;

	if (cpus > LANES_MAX)
		return -E2BIG;
	group->lanes = calloc(1, sizeof(*group->lanes));
	if (!group->lanes)
		return -ENOMEM;
	group->lanes->count = cpus;
	group->lanes->lane_records = lane_records;
	failed = bpf_map__set_max_entries(bpf_object__find_map_by_name(group->object, "lanes"), cpus);
	if (!failed)
		failed = bpf_map__set_max_entries(bpf_object__find_map_by_name(group->object, "records"),
						  cpus * lane_records);
	return failed;
}

static void *map_array(struct shim_group *group, const char *name, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, group_map(group, name), 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int map_lanes(struct shim_group *group)
{
	struct lanes *lanes = group->lanes;
	size_t page = (size_t)sysconf(_SC_PAGESIZE) - 1;

	group->lanes_bytes = (lanes->count * sizeof(struct lane) + page) & ~page;
	group->records_bytes = ((size_t)lanes->count * lanes->lane_records * sizeof(struct lane_record) + page) & ~page;
	lanes->lanes = map_array(group, "lanes", group->lanes_bytes);
	lanes->records = map_array(group, "records", group->records_bytes);
	return lanes->lanes && lanes->records ? 0 : -errno;
}

static void unmap_lanes(struct shim_group *group)
{
	struct lanes *lanes = group->lanes;

	if (!lanes)
		return;
	if (lanes->lanes)
		munmap(lanes->lanes, group->lanes_bytes);
	if (lanes->records)
		munmap((void *)lanes->records, group->records_bytes);
	audit_free(lanes->audit);
	free(lanes);
}

static void unmap_ring(struct shim_group *group)
{
	if (group->consumer_page && group->consumer_page != MAP_FAILED)
		munmap(group->consumer_page, (size_t)sysconf(_SC_PAGESIZE));
	if (group->producer_pages && group->producer_pages != MAP_FAILED)
		munmap(group->producer_pages, group->producer_pages_bytes);
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

/* The kernel programs' options, a section of their own in every object that looks at one. bpf/include/common.h */
static int set_options(struct shim_group *group, const struct wire_options *options)
{
	struct bpf_map *map = bpf_object__find_map_by_name(group->object, ".rodata.options");
	size_t bytes;
	void *initial = map ? (void *)bpf_map__initial_value(map, &bytes) : NULL;

	if (!map)
		return 0;
	if (!initial || bytes != sizeof(*options))
		return -EINVAL;
	memcpy(initial, options, sizeof(*options));
	return 0;
}

static int set_sizes(struct shim_group *group, const struct shim_options *options)
{
	struct wire_options read_only = {
		.base_alignment = options->base_alignment,
		.lane_records = lane_records_of(group, options->ring_bytes),
		.memory_cgroup_v1 = options->memory_cgroup_v1,
	};
	struct bpf_map *ring = bpf_object__find_map_by_name(group->object, "ring");
	int failed = set_options(group, &read_only);

	if (failed)
		return failed;
	if (group_has_lanes(group))
		return size_lanes(group, read_only.lane_records);
	return bpf_map__set_max_entries(ring, options->ring_bytes);
}

static int load_group(struct shim_group *group, const struct shim_options *options, struct shim_error *error)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int failed;

	if (libbpf_get_error(kernel)) {
		shim_fail(error, "the kernel offers no BTF (/sys/kernel/btf/vmlinux)");
		return -ENOENT;
	}
	leave_out_absent(group, kernel);
	btf__free(kernel);
	failed = set_sizes(group, options);
	if (!failed)
		failed = bpf_object__load(group->object);
	if (!failed)
		failed = group_has_lanes(group) ? map_lanes(group) : map_ring(group);
	if (failed)
		shim_fail(error, "%s: %s; libbpf: %s", options->object_path, strerror(-failed), complaint);
	return failed;
}

struct shim_group *shim_open(const struct shim_options *options, struct shim_error *error)
{
	struct shim_group *group = calloc(1, sizeof(*group));

	if (!group) {
		shim_fail(error, "out of memory");
		return NULL;
	}
	complaint[0] = '\0';
	libbpf_set_print(remember_complaint);
	group->record_bytes = options->record_bytes;
	group->kpageflags = -1;
	group->cpus = libbpf_num_possible_cpus();
	group->knobs.page_keep_one_in = 1;
	group->knobs.runq_keep_one_in = 1;
	group->object = bpf_object__open_file(options->object_path, NULL);
	if (!group->object) {
		shim_fail(error, "%s: %s", options->object_path, strerror(errno));
		free(group);
		return NULL;
	}
	if (load_group(group, options, error) || group_write_knobs(group)) {
		shim_close(group);
		return NULL;
	}
	return group;
}

void shim_detach(struct shim_group *group)
{
	for (int uprobe = 0; uprobe < SHIM_UPROBES_MAX; uprobe++)
		shim_uprobe_detach(group, uprobe);
	while (group->link_count)
		bpf_link__destroy(group->links[--group->link_count]);
}

void shim_close(struct shim_group *group)
{
	shim_detach(group);
	unmap_ring(group);
	unmap_lanes(group);
	if (group->kpageflags >= 0)
		close(group->kpageflags);
	bpf_object__close(group->object);
	free(group);
}
