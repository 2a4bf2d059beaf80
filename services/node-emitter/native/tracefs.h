/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Number of a classic tracepoint, which perf_event_open wants. It stands in tracefs, which need not be mounted.
 */
#ifndef FARMSCOPE_TRACEFS_H
#define FARMSCOPE_TRACEFS_H

/* Returns the number, or a negative errno. event is "group/name". */
int tracefs_event_id(const char *event);

/* Opens that tracepoint, disabled, for all CPUs and processes. Returns a descriptor or a negative errno. */
int tracefs_event_open(const char *event);

#endif
