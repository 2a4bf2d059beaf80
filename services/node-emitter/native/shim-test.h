/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the shim's test share. */
#ifndef FARMSCOPE_SHIM_TEST_H
#define FARMSCOPE_SHIM_TEST_H

#include <stdio.h>

extern int failures;

#define EXPECT(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			printf("  line %d: %s\n", __LINE__, #condition);                                               \
			failures++;                                                                                    \
		}                                                                                                      \
	} while (0)

#define RUN(test) run(#test, test)

void run(const char *name, void (*test)(void));

/* lanes-test.c */
void run_lanes_tests(void);

#endif
