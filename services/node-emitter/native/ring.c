// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <string.h>

#define HEADER_BYTES 8u
#define BUSY (1u << 31)
#define DISCARDED (1u << 30)

static uint64_t step_of(uint32_t length)
{
	return ((uint64_t)length + HEADER_BYTES + 7) & ~7ull;
}

struct ring_drained ring_drain(struct ring *ring, void *out, size_t out_bytes, size_t record_bytes)
{
	uint64_t position = __atomic_load_n(ring->consumer_position, __ATOMIC_ACQUIRE);
	uint64_t end = __atomic_load_n(ring->producer_position, __ATOMIC_ACQUIRE);
	struct ring_drained drained = { 0 };

	while (position < end) {
		const uint8_t *record = ring->data + (position & (ring->size_bytes - 1));
		uint32_t header = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		uint32_t length = header & ~(BUSY | DISCARDED);

		if (header & BUSY)
			break;
		if (header & DISCARDED) {
			drained.discarded++;
		} else if (length != record_bytes) {
			drained.malformed++;
		} else {
			if (drained.bytes + record_bytes > out_bytes)
				break;
			memcpy((uint8_t *)out + drained.bytes, record + HEADER_BYTES, record_bytes);
			drained.bytes += record_bytes;
		}
		position += step_of(length);
	}
	__atomic_store_n(ring->consumer_position, position, __ATOMIC_RELEASE);
	return drained;
}
