// SPDX-License-Identifier: Apache-2.0
#include "napi-call.h"

#include <string.h>

struct call call_of(napi_env env, napi_callback_info info)
{
	struct call call = { .env = env };
	size_t count = ARGUMENTS_MAX;

	napi_get_cb_info(env, info, &count, call.arguments, NULL, NULL);
	return call;
}

double number_at(const struct call *call, int index)
{
	double value = 0;

	napi_get_value_double(call->env, call->arguments[index], &value);
	return value;
}

void text_at(const struct call *call, int index, char *text, size_t bytes)
{
	size_t length;

	if (napi_get_value_string_utf8(call->env, call->arguments[index], text, bytes, &length) != napi_ok)
		text[0] = '\0';
}

void *array_at(const struct call *call, int index, size_t *length)
{
	void *memory = NULL;

	*length = 0;
	napi_get_typedarray_info(call->env, call->arguments[index], NULL, length, &memory, NULL, NULL);
	return memory;
}

napi_value number_of(napi_env env, double value)
{
	napi_value result;

	napi_create_double(env, value, &result);
	return result;
}

napi_value text_of(napi_env env, const char *text)
{
	napi_value result;

	napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
	return result;
}

napi_value numbers_of(napi_env env, const double *values, uint32_t count)
{
	napi_value list;

	napi_create_array_with_length(env, count, &list);
	for (uint32_t i = 0; i < count; i++)
		napi_set_element(env, list, i, number_of(env, values[i]));
	return list;
}

napi_value nothing(napi_env env)
{
	napi_value result;

	napi_get_null(env, &result);
	return result;
}

napi_value fail(napi_env env, const char *message)
{
	napi_throw_error(env, NULL, message);
	return NULL;
}

napi_value fail_errno(napi_env env, int negative_errno)
{
	return fail(env, strerror(-negative_errno));
}
