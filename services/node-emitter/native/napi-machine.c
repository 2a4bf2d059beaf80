// SPDX-License-Identifier: Apache-2.0
/* The machine as Node sees it: page frames and clocks. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"
#include "napi-call.h"

static int kpageflags = -1;

/* readFrames(first, Uint8Array of classes, Float64Array [begin, end] in nanoseconds) */
static napi_value read_frames(napi_env env, napi_callback_info info)
{
	struct call call = call_of(env, info);
	size_t count, times;
	uint8_t *classes = array_at(&call, 1, &count);
	double *stamps = array_at(&call, 2, &times);
	struct frames_time time;
	int failed;

	if (kpageflags < 0)
		kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (kpageflags < 0)
		return fail_errno(env, -errno);
	if (!classes || times < 2)
		return fail(env, "readFrames wants room for classes and for two times");
	failed = frames_read(kpageflags, (uint64_t)number_at(&call, 0), (uint32_t)count, classes, &time);
	if (failed)
		return fail_errno(env, failed);
	stamps[0] = (double)time.begin_ns;
	stamps[1] = (double)time.end_ns;
	return nothing(env);
}

static double clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* monotonicNs(): CLOCK_MONOTONIC, the clock of every event */
static napi_value monotonic_ns(napi_env env, napi_callback_info info)
{
	(void)info;
	return number_of(env, clock_ns(CLOCK_MONOTONIC));
}

/* realtimeOffset(): [microseconds, greatest error in microseconds] of CLOCK_REALTIME minus CLOCK_MONOTONIC */
static napi_value realtime_offset(napi_env env, napi_callback_info info)
{
	struct timespec realtime;
	double before, after, realtime_us;

	(void)info;
	before = clock_ns(CLOCK_MONOTONIC);
	clock_gettime(CLOCK_REALTIME, &realtime);
	after = clock_ns(CLOCK_MONOTONIC);
	realtime_us = (double)realtime.tv_sec * 1e6 + (double)realtime.tv_nsec / 1e3;
	return numbers_of(env, (const double[]){ realtime_us - (before + after) / 2e3, (after - before) / 2e3 }, 2);
}

/* pageBytes(): bytes of a page frame */
static napi_value page_bytes(napi_env env, napi_callback_info info)
{
	(void)info;
	return number_of(env, (double)sysconf(_SC_PAGESIZE));
}

void define_machine_functions(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORTED("readFrames", read_frames),
		EXPORTED("monotonicNs", monotonic_ns),
		EXPORTED("realtimeOffset", realtime_offset),
		EXPORTED("pageBytes", page_bytes),
	};

	napi_define_properties(env, exports, sizeof(functions) / sizeof(*functions), functions);
}
