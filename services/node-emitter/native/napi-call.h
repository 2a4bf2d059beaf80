/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments and results of the functions that Node calls: plain data only; null, never undefined. */
#ifndef FARMSCOPE_NAPI_CALL_H
#define FARMSCOPE_NAPI_CALL_H

#include <node_api.h>
#include <stddef.h>

#define ARGUMENTS_MAX 5

struct call {
	napi_env env;
	napi_value arguments[ARGUMENTS_MAX];
};

struct call call_of(napi_env env, napi_callback_info info);

/* Argument number index; 0 when it is no number. */
double number_at(const struct call *call, int index);

/* Text, cut to bytes; empty when it is none. */
void text_at(const struct call *call, int index, char *text, size_t bytes);

/* The memory of a typed array and its length in elements. The caller owns it and must not touch it during the call. */
void *array_at(const struct call *call, int index, size_t *length);

napi_value number_of(napi_env env, double value);
napi_value text_of(napi_env env, const char *text);
napi_value numbers_of(napi_env env, const double *values, uint32_t count);
napi_value nothing(napi_env env);

/* Throws; what these return is to be returned. */
napi_value fail(napi_env env, const char *message);
napi_value fail_errno(napi_env env, int negative_errno);

/* What a module's part exports. */
#define EXPORTED(name, function)                                                                                       \
	{                                                                                                              \
		name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL                                          \
	}

/* napi-machine.c: readFrames, monotonicNs, realtimeOffset, pageBytes */
void define_machine_functions(napi_env env, napi_value exports);

#endif
