/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer's side of a BPF ring buffer, over memory that may be the kernel's or a test's. libbpf has one too, but it
 * calls back for each record; this one copies records of one size into the caller's buffer.
 *
 *   record  +----------------------------+-------------------+---------+-----------------+
 *           | bit 31 busy, 30 discarded, | page offset       | payload | up to a multiple|
 *           | bits 0..29 payload length  | (ours to ignore)  |         | of 8            |
 *           +----------------------------+-------------------+---------+-----------------+
 *             4 bytes                      4 bytes
 *
 * Source: kernel/bpf/ringbuf.c, Documentation/bpf/ringbuf.rst, Linux 6.18.
 */
#ifndef FARMSCOPE_RING_H
#define FARMSCOPE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	const uint8_t *data; /* mapped twice in a row, so that a record never wraps */
	uint64_t size_bytes; /* a power of two */
	const uint64_t *producer_position;
	uint64_t *consumer_position;
};

struct ring_drained {
	size_t bytes;	    /* copied */
	uint64_t malformed; /* records of another length, passed over */
	uint64_t discarded; /* records that their writer gave up */
};

/*
 * Copies records of exactly record_bytes into out, until none is left, the next is still being written, or out is full.
 * Frees their room in the ring when all are copied.
 */
struct ring_drained ring_drain(struct ring *ring, void *out, size_t out_bytes, size_t record_bytes);

#endif
