/*
 * Decodes codec 1 of PageEvents.columns, drawn in ../wire/page-columns.ts. The bytes may be hostile: what does not follow
 * the format is refused, and nothing outside of them is looked at.
 */
#include "page-kernel.h"

#define EVENTS_MAX 4096
#define KINDS 5
/* Longest varint of a number below 2^53, and the room that reads of a whole one ahead need behind the bytes. */
#define VARINT_BYTES_MAX 8
/* Most bytes of a batch: for each event a tick of 8 and a frame of 5, its own run of 10 and its own context of 15. */
#define BYTES_MAX (EVENTS_MAX * 38 + 8)
#define BITS_OF_WHAT 11
#define TWO_TO_53 (1ull << 53)

/* Why bytes were refused; as the faults in ../wire/page-decoder.ts. */
enum fault {
	NONE,
	CUT_SHORT,
	NUMBER_TOO_LARGE,
	TOO_MANY_CONTEXTS,
	NO_SUCH_EVENT,
	NO_SUCH_CONTEXT,
	RUNS_TOO_LONG,
	LEFT_OVER
};

/* The packed columns; written by TypeScript. */
EXPORTED u8 packed[BYTES_MAX + VARINT_BYTES_MAX];
/* The columns of the batch that was decoded last; read by TypeScript. */
EXPORTED double tick_column[EVENTS_MAX];
EXPORTED u32 pfn_column[EVENTS_MAX];
EXPORTED u32 pid_column[EVENTS_MAX];
EXPORTED u32 cgroup_column[EVENTS_MAX];
EXPORTED u8 kind_column[EVENTS_MAX];
EXPORTED u8 order_column[EVENTS_MAX];
EXPORTED u8 migrate_type_column[EVENTS_MAX];

/* Who did what, and the frame that the last event of this context was about. */
static struct {
	u32 pid;
	u32 cgroup;
	u8 kind;
	u8 order;
	u8 migrate_type;
	u8 seen;
	u32 last_pfn;
} contexts[EVENTS_MAX];
static u32 context_count;

static struct {
	u32 context;
	/* Index behind its last event. */
	u32 end;
} runs[EVENTS_MAX];
static u32 run_count;

static const u8 *at;
static const u8 *end;
static enum fault fault;

static u64 refuse(enum fault why)
{
	if (!fault)
		fault = why;
	at = end;
	return 0;
}

/* A number of two bytes and more. The bytes behind the end are zero, so that every number ends there at the latest. */
static u64 read_long(void)
{
	u64 value = 0;

	for (u32 read = 0; read < VARINT_BYTES_MAX; read++) {
		const u64 byte = at[read];

		value |= (byte & 127) << (7 * read);
		if (byte < 128) {
			if (value >= TWO_TO_53)
				break;
			at += read + 1;
			return at > end ? refuse(CUT_SHORT) : value;
		}
	}
	return refuse(NUMBER_TOO_LARGE);
}

static inline u64 read_number(void)
{
	if (*at < 128) {
		if (at >= end)
			return refuse(CUT_SHORT);
		return *at++;
	}
	return read_long();
}

static inline u32 read_u32(void)
{
	const u64 value = read_number();

	return value >> 32 ? (u32)refuse(NUMBER_TOO_LARGE) : (u32)value;
}

/* The bits of the first four bytes of a varint, by seven. */
static inline u32 gather(u32 bytes)
{
	return (bytes & 0x7f) | (bytes >> 1 & 0x3f80) | (bytes >> 2 & 0x1fc000) | (bytes >> 3 & 0xfe00000);
}

static inline i64 zigzag(u64 value)
{
	return (i64)(value >> 1) ^ -(i64)(value & 1);
}

/*
 * The hot number, of up to four bytes, while four are left: none of its branches depends on how many it has but the
 * first. Longer ones, and the last of all, take the checked way.
 */
static inline i64 read_zigzag(const u8 **cursor)
{
	const u8 *from = *cursor;
	u32 word, stop;

	if (from + sizeof(word) > end)
		goto checked;
	__builtin_memcpy(&word, from, sizeof(word));
	if (!(word & 0x80)) {
		*cursor = from + 1;
		return zigzag(word & 0x7f);
	}
	stop = ~word & 0x80808080;
	if (!stop)
		goto checked;
	*cursor = from + (__builtin_ctz(stop) >> 3) + 1;
	return zigzag(gather(word & (stop ^ (stop - 1))));
checked:
	at = from;
	const u64 value = read_number();

	*cursor = at;
	return zigzag(value);
}

static void read_contexts(u32 count)
{
	context_count = read_u32();
	if (context_count > count) {
		refuse(TOO_MANY_CONTEXTS);
		context_count = 0;
	}
	for (u32 context = 0; context < context_count; context++) {
		const u32 pid = read_u32();
		const u32 cgroup = read_u32();
		const u32 what = read_u32();

		if ((what & 7) >= KINDS || what >> BITS_OF_WHAT)
			refuse(NO_SUCH_EVENT);
		contexts[context].pid = pid;
		contexts[context].cgroup = cgroup;
		contexts[context].kind = what & 7;
		contexts[context].migrate_type = (what >> 3) & 7;
		contexts[context].order = what >> 6;
		contexts[context].seen = 0;
	}
}

static void read_runs(u32 count)
{
	u32 covered = 0;

	run_count = 0;
	while (covered < count && !fault) {
		const u32 head = read_u32();
		const u32 length = head & 1 ? 1 : read_u32() + 2;

		if (head >> 1 >= context_count)
			refuse(NO_SUCH_CONTEXT);
		if (length > count - covered || !length)
			refuse(RUNS_TOO_LONG);
		covered += length;
		runs[run_count].context = head >> 1;
		runs[run_count++].end = covered;
	}
}

static void read_ticks(u32 count, double base_tick)
{
	const u8 *cursor = at;
	double last = base_tick;

	for (u32 index = 0; index < count; index++) {
		last += (double)read_zigzag(&cursor);
		tick_column[index] = last;
	}
	at = cursor;
}

static void read_pfns(void)
{
	const u8 *cursor = at;
	u32 index = 0;
	u32 last = 0;

	for (u32 run = 0; run < run_count; run++) {
		const u32 context = runs[run].context;

		if (contexts[context].seen)
			last = contexts[context].last_pfn;
		for (; index < runs[run].end; index++) {
			last += (u32)read_zigzag(&cursor);
			pfn_column[index] = last;
		}
		contexts[context].last_pfn = last;
		contexts[context].seen = 1;
	}
	at = cursor;
}

static void spread_contexts(void)
{
	u32 index = 0;

	for (u32 run = 0; run < run_count; run++) {
		const u32 context = runs[run].context;
		const u32 pid = contexts[context].pid;
		const u32 cgroup = contexts[context].cgroup;
		const u8 kind = contexts[context].kind;
		const u8 order = contexts[context].order;
		const u8 migrate_type = contexts[context].migrate_type;

		for (; index < runs[run].end; index++) {
			pid_column[index] = pid;
			cgroup_column[index] = cgroup;
			kind_column[index] = kind;
			order_column[index] = order;
			migrate_type_column[index] = migrate_type;
		}
	}
}

/* Decodes `count` events from the first `length` bytes of `packed`, at most BYTES_MAX. */
EXPORT(decode_columns) enum fault decode_columns(u32 length, u32 count, double base_tick)
{
	fault = NONE;
	at = packed;
	end = packed + length;
	for (u32 index = 0; index < VARINT_BYTES_MAX; index++)
		packed[length + index] = 0;
	read_contexts(count);
	read_runs(count);
	if (!fault)
		read_ticks(count, base_tick);
	if (!fault)
		read_pfns();
	if (!fault && at != end)
		refuse(LEFT_OVER);
	if (!fault)
		spread_contexts();
	return fault;
}
