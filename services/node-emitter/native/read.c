// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"

size_t shim_poll(struct shim_group *group, void *out, size_t out_bytes)
{
	struct ring_drained drained = ring_drain(&group->ring, out, out_bytes, group->record_bytes);

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

/* Misses are read first: a miss counts as lost only when its recovery has not been counted later. */
int shim_counters(struct shim_group *group, struct shim_counters *counters)
{
	uint64_t misses = recursion_misses(group);
	int map = group_map(group, "counters");
	struct wire_counters *values = calloc((size_t)group->cpus, sizeof(*values));
	uint32_t program, *previous = NULL;

	if (!values)
		return -ENOMEM;
	memset(counters, 0, sizeof(*counters));
	while (bpf_map_get_next_key(map, previous, &program) == 0) {
		previous = &program;
		if (bpf_map_lookup_elem(map, &program, values))
			continue;
		for (int cpu = 0; cpu < group->cpus; cpu++)
			add_program(counters, &values[cpu]);
	}
	free(values);
	if (misses > counters->recovered) {
		counters->seen += misses - counters->recovered;
		counters->ring_lost += misses - counters->recovered;
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
