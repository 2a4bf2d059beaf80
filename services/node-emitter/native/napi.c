// SPDX-License-Identifier: Apache-2.0
/*
 * The shim for Node: marshalling only. Plain data cross: numbers, strings, arrays of the caller's; a group is a small
 * number. src/source/bpf/native.ts is the same list in the same order.
 */
#include <stdio.h>

#include "napi-call.h"
#include "shim.h"

#define GROUPS_MAX 32
#define PATH_BYTES 4096

static struct shim_group *groups[GROUPS_MAX];

static struct shim_group *group_at(const struct call *call)
{
	double handle = number_at(call, 0);

	if (handle >= 0 && handle < GROUPS_MAX && groups[(int)handle])
		return groups[(int)handle];
	fail(call->env, "no such group");
	return NULL;
}

/* open(path, ringBytes, recordBytes, baseAlignment, memoryCgroupV1): handle */
static napi_value group_open(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	char path[PATH_BYTES];
	struct shim_options options = {
		.object_path = path,
		.ring_bytes = (uint32_t)number_at(&call, 1),
		.record_bytes = (uint32_t)number_at(&call, 2),
		.base_alignment = (uint64_t)number_at(&call, 3),
		.memory_cgroup_v1 = number_at(&call, 4) != 0,
	};
	struct shim_error error;

	text_at(&call, 0, path, sizeof(path));
	for (int handle = 0; handle < GROUPS_MAX; handle++) {
		if (groups[handle])
			continue;
		groups[handle] = shim_open(&options, &error);
		return groups[handle] ? number_of(env, handle) : fail(env, error.message);
	}
	return fail(env, "too many groups are open");
}

/* calibrate(handle): base as hexadecimal text */
static napi_value group_calibrate(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	struct shim_calibration result;
	struct shim_error error;
	char text[32];

	if (!group)
		return NULL;
	if (shim_calibrate(group, &result, &error))
		return fail(env, error.message);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)result.base);
	return text_of(env, text);
}

/* attach(handle): programs attached */
static napi_value group_attach(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);

	return group ? number_of(env, shim_attach(group)) : NULL;
}

/* absent(handle): [program, reason, program, reason, ...] */
static napi_value group_absent(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	const struct shim_absent *absent;
	napi_value list;
	size_t count;

	if (!group)
		return NULL;
	count = shim_absent(group, &absent);
	napi_create_array(env, &list);
	for (uint32_t i = 0; i < count; i++) {
		napi_set_element(env, list, 2 * i, text_of(env, absent[i].program));
		napi_set_element(env, list, 2 * i + 1, text_of(env, absent[i].reason));
	}
	return list;
}

/* configure(handle, pageKeepOneIn, runqKeepOneIn, salt, blockFrameShift) */
static napi_value group_configure(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	struct wire_control knobs = {
		.page_keep_one_in = (uint32_t)number_at(&call, 1),
		.runq_keep_one_in = (uint32_t)number_at(&call, 2),
		.salt = (uint32_t)number_at(&call, 3),
		.block_frame_shift = (uint32_t)number_at(&call, 4),
	};
	int failed;

	if (!group)
		return NULL;
	failed = shim_configure(group, &knobs);
	return failed ? fail_errno(env, failed) : nothing(env);
}

/* poll(handle, Uint8Array): bytes */
static napi_value group_poll(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	size_t bytes;
	void *out = array_at(&call, 1, &bytes);

	return group ? number_of(env, (double)shim_poll(group, out, bytes)) : NULL;
}

/* isolated(handle, Float64Array of rows of 3): rows of the newest poll */
static napi_value group_isolated(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	size_t values;
	double *rows = array_at(&call, 1, &values);

	return group ? number_of(env, (double)shim_isolated(group, rows, values / 3)) : NULL;
}

/* beginAudit(handle, frames, pcpOrderMask) */
static napi_value group_begin_audit(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	int failed;

	if (!group)
		return NULL;
	failed = shim_audit_begin(group, (uint64_t)number_at(&call, 1), (uint32_t)number_at(&call, 2));
	return failed ? fail_errno(env, failed) : nothing(env);
}

/* audit(handle, framesMax, Float64Array of rows of 2): [rows, 1 when the round is over] */
static napi_value group_audit(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	size_t values;
	double *rows = array_at(&call, 2, &values);
	int done, count;

	if (!group)
		return NULL;
	count = shim_audit(group, (uint32_t)number_at(&call, 1), rows, values / 2, &done);
	return count < 0 ? fail_errno(env, count) : numbers_of(env, (const double[]){ count, done }, 2);
}

/* counters(handle): [seen, sampled out, ring lost, recovered, emitted, malformed, recursion lost] */
static napi_value group_counters(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	struct shim_counters counters;
	int failed;

	if (!group)
		return NULL;
	failed = shim_counters(group, &counters);
	if (failed)
		return fail_errno(env, failed);
	return numbers_of(env,
			  (const double[]){ (double)counters.seen, (double)counters.sampled_out,
					    (double)counters.ring_lost, (double)counters.recovered,
					    (double)counters.emitted, (double)counters.malformed,
					    (double)counters.recursion_lost },
			  7);
}

/* histograms(handle, Float64Array of rows): rows */
static napi_value group_histograms(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	size_t length;
	double *rows = array_at(&call, 1, &length);
	int count;

	if (!group)
		return NULL;
	count = shim_histograms(group, rows, (uint32_t)(length / SHIM_HISTOGRAM_COLUMNS));
	return count < 0 ? fail_errno(env, count) : number_of(env, count);
}

/* forgetHistogram(handle, cgroup) */
static napi_value group_forget_histogram(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);

	if (!group)
		return NULL;
	shim_forget_histogram(group, (uint32_t)number_at(&call, 1));
	return nothing(env);
}

/* attachUprobe(handle, program, path, offset, cookie): uprobe */
static napi_value group_attach_uprobe(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);
	char program[SHIM_TEXT_MAX], path[PATH_BYTES];
	int uprobe;

	if (!group)
		return NULL;
	text_at(&call, 1, program, sizeof(program));
	text_at(&call, 2, path, sizeof(path));
	uprobe = shim_uprobe_attach(group, program, path, (uint64_t)number_at(&call, 3), (uint64_t)number_at(&call, 4));
	return uprobe < 0 ? fail_errno(env, uprobe) : number_of(env, uprobe);
}

/* detachUprobe(handle, uprobe) */
static napi_value group_detach_uprobe(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);

	if (!group)
		return NULL;
	shim_uprobe_detach(group, (int)number_at(&call, 1));
	return nothing(env);
}

/* detach(handle) */
static napi_value group_detach(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);

	if (!group)
		return NULL;
	shim_detach(group);
	return nothing(env);
}

/* close(handle) */
static napi_value group_close(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	struct shim_group *group = group_at(&call);

	if (!group)
		return NULL;
	shim_close(group);
	groups[(int)number_at(&call, 0)] = NULL;
	return nothing(env);
}

NAPI_MODULE_INIT()
{
	const napi_property_descriptor functions[] = {
		EXPORTED("open", group_open),
		EXPORTED("calibrate", group_calibrate),
		EXPORTED("attach", group_attach),
		EXPORTED("absent", group_absent),
		EXPORTED("configure", group_configure),
		EXPORTED("poll", group_poll),
		EXPORTED("isolated", group_isolated),
		EXPORTED("beginAudit", group_begin_audit),
		EXPORTED("audit", group_audit),
		EXPORTED("counters", group_counters),
		EXPORTED("histograms", group_histograms),
		EXPORTED("forgetHistogram", group_forget_histogram),
		EXPORTED("attachUprobe", group_attach_uprobe),
		EXPORTED("detachUprobe", group_detach_uprobe),
		EXPORTED("detach", group_detach),
		EXPORTED("close", group_close),
	};

	napi_define_properties(env, exports, sizeof(functions) / sizeof(*functions), functions);
	define_machine_functions(env, exports);
	return exports;
}
