// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "group.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static size_t merge_lanes(struct shim_group *group, void *out, size_t out_bytes)
{
	const struct lanes_room room = {
		.pages = out,
		.pages_max = out_bytes / sizeof(struct wire_page),
		.ranges = group->ranges,
		.ranges_max = SHIM_RANGES_MAX,
	};
	struct lanes_merged merged = lanes_merge(group->lanes, now_ns(), &room);

	group->malformed += merged.malformed;
	group->range_count = merged.ranges;
	return merged.pages * sizeof(struct wire_page);
}

size_t shim_isolated(const struct shim_group *group, double *rows, size_t rows_max)
{
	size_t count = group->range_count < rows_max ? group->range_count : rows_max;

	for (size_t row = 0; row < count; row++) {
		rows[3 * row] = group->ranges[row].first;
		rows[3 * row + 1] = group->ranges[row].count;
		rows[3 * row + 2] = (double)group->ranges[row].time_ns;
	}
	return count;
}

int shim_audit_begin(struct shim_group *group, uint64_t frames, uint32_t pcp_order_mask)
{
	if (!group->lanes)
		return -EINVAL;
	if (group->kpageflags < 0)
		group->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (group->kpageflags < 0)
		return -errno;
	audit_free(group->lanes->audit);
	group->lanes->audit = audit_new(frames, pcp_order_mask);
	return group->lanes->audit ? 0 : -ENOMEM;
}

int shim_audit(struct shim_group *group, uint32_t frames_max, double *rows, size_t rows_max, int *done)
{
	struct audit_finding findings[SHIM_RANGES_MAX];
	size_t findings_max = rows_max < SHIM_RANGES_MAX ? rows_max : SHIM_RANGES_MAX;
	int count;

	*done = 1;
	if (!group->lanes || !group->lanes->audit)
		return 0;
	count = audit_look(group->lanes->audit, group->kpageflags, frames_max, findings, findings_max, done);
	for (int row = 0; row < count; row++) {
		rows[2 * row] = findings[row].first;
		rows[2 * row + 1] = findings[row].count;
	}
	return count;
}

size_t shim_poll(struct shim_group *group, void *out, size_t out_bytes)
{
	struct ring_drained drained;

	if (group->lanes)
		return merge_lanes(group, out, out_bytes);
	drained = ring_drain(&group->ring, out, out_bytes, group->record_bytes);

	group->malformed += drained.malformed;
	return drained.bytes;
}

/*
 * What programs skipped because they were running already on that CPU. Understudies are not asked: what they skip inside
 * themselves their first program has seen.
 */
static uint64_t recursion_misses(const struct shim_group *group)
{
	struct bpf_program *program;
	uint64_t misses = 0;

	bpf_object__for_each_program (program, group->object) {
		struct bpf_prog_info info = { 0 };
		uint32_t bytes = sizeof(info);

		if (program_is_understudy(program) || program_is_calibration(program) ||
		    !bpf_program__autoload(program))
			continue;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &bytes) == 0)
			misses += info.recursion_misses;
	}
	return misses;
}

static void add_program(struct shim_counters *sum, const struct wire_counters *program)
{
	sum->seen += program->seen;
	sum->sampled_out += program->sampled_out;
	sum->ring_lost += program->ring_lost;
	sum->recovered += program->recovered;
	sum->emitted += program->emitted;
}

static int count_programs(const struct shim_group *group, struct shim_counters *counters)
{
	int map = group_map(group, "counters");
	struct wire_counters *values = calloc((size_t)group->cpus, sizeof(*values));
	uint32_t program, *previous = NULL;

	if (!values)
		return -ENOMEM;
	while (bpf_map_get_next_key(map, previous, &program) == 0) {
		previous = &program;
		if (bpf_map_lookup_elem(map, &program, values))
			continue;
		for (int cpu = 0; cpu < group->cpus; cpu++)
			add_program(counters, &values[cpu]);
	}
	free(values);
	return 0;
}

static int count_lanes(const struct shim_group *group, struct shim_counters *counters)
{
	struct lanes_counters sum = lanes_count(group->lanes);

	counters->seen = sum.emitted + sum.sampled_out + sum.lost;
	counters->sampled_out = sum.sampled_out;
	counters->ring_lost = sum.lost;
	counters->recovered = sum.recovered;
	counters->emitted = sum.emitted;
	return 0;
}

/* Misses are read first: a miss counts as lost only when its recovery has not been counted later. */
int shim_counters(struct shim_group *group, struct shim_counters *counters)
{
	uint64_t misses = recursion_misses(group);
	int failed;

	memset(counters, 0, sizeof(*counters));
	failed = group->lanes ? count_lanes(group, counters) : count_programs(group, counters);
	if (failed)
		return failed;
	if (misses > counters->recovered) {
		counters->recursion_lost = misses - counters->recovered;
		counters->seen += counters->recursion_lost;
		counters->ring_lost += counters->recursion_lost;
	}
	counters->malformed = group->malformed;
	return 0;
}

static void fill_row(double *row, uint32_t cgroup, const struct wire_histogram *values, int cpus)
{
	memset(row, 0, SHIM_HISTOGRAM_COLUMNS * sizeof(*row));
	row[0] = cgroup;
	for (int cpu = 0; cpu < cpus; cpu++) {
		row[1] += (double)values[cpu].sum_ns;
		for (uint32_t slot = 0; slot < WIRE_SLOTS; slot++)
			row[2 + slot] += (double)values[cpu].slots[slot];
	}
}

static uint32_t read_rows(const struct shim_group *group, struct wire_histogram *values, double *rows,
			  uint32_t rows_max)
{
	int map = group_map(group, "histograms");
	uint32_t cgroup, count = 0, *previous = NULL;

	while (count < rows_max && bpf_map_get_next_key(map, previous, &cgroup) == 0) {
		previous = &cgroup;
		if (bpf_map_lookup_elem(map, &cgroup, values) == 0)
			fill_row(rows + (size_t)SHIM_HISTOGRAM_COLUMNS * count++, cgroup, values, group->cpus);
	}
	return count;
}

int shim_histograms(struct shim_group *group, double *rows, uint32_t rows_max)
{
	struct wire_histogram *values = calloc((size_t)group->cpus, sizeof(*values));
	const uint32_t rest = 0;
	uint32_t count;

	if (!values)
		return -ENOMEM;
	count = read_rows(group, values, rows, rows_max);
	if (count < rows_max && bpf_map_lookup_elem(group_map(group, "histogram_rest"), &rest, values) == 0)
		fill_row(rows + (size_t)SHIM_HISTOGRAM_COLUMNS * count++, 0, values, group->cpus);
	free(values);
	return (int)count;
}

int shim_forget_histogram(struct shim_group *group, uint32_t cgroup)
{
	return bpf_map_delete_elem(group_map(group, "histograms"), &cgroup);
}
