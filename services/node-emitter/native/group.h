/* SPDX-License-Identifier: Apache-2.0 */
/* What a group is made of: shared by shim.c, uprobe.c, calibrate.c and read.c only. */
#ifndef FARMSCOPE_GROUP_H
#define FARMSCOPE_GROUP_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>

#include "lanes.h"
#include "ring.h"
#include "shim.h"

struct shim_group {
	struct bpf_object *object;
	struct bpf_link *links[SHIM_PROGRAMS_MAX];
	size_t link_count;
	struct bpf_link *uprobes[SHIM_UPROBES_MAX];
	struct shim_absent absent[SHIM_PROGRAMS_MAX];
	size_t absent_count;
	struct wire_control knobs;
	struct ring ring;
	struct lanes *lanes; /* instead of a ring, where the object has lanes */
	size_t lanes_bytes;
	size_t records_bytes;
	struct lane_range ranges[SHIM_RANGES_MAX]; /* of the newest poll */
	size_t range_count;
	int kpageflags;
	void *consumer_page;
	void *producer_pages;
	size_t producer_pages_bytes;
	size_t record_bytes;
	uint64_t malformed;
	int cpus;
};

bool program_is_calibration(const struct bpf_program *program);
bool program_is_understudy(const struct bpf_program *program);

/* Descriptor of a map by name, or a negative errno. */
int group_map(const struct shim_group *group, const char *name);

/* True when the object writes page events into lanes instead of a ring. */
bool group_has_lanes(const struct shim_group *group);

int group_write_knobs(struct shim_group *group);

void shim_fail(struct shim_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
