// SPDX-License-Identifier: Apache-2.0
/*
 * Work for the page allocator, one kind a run:
 *
 *   workload KIND SECONDS [DIRECTORY [CGROUP_PROCS]]
 *
 *   idle        nothing
 *   storm       populates and unmaps 64 MiB, over and over
 *   pace        the storm on CPU 0 alone; says how many nanoseconds a page took
 *   fork        processes and threads that touch some memory and end
 *   pagecache   writes, reads and drops a file of 256 MiB in DIRECTORY
 *   thp         the storm in transparent huge pages (madvise)
 *   pressure    a file larger than the memory cgroup allows, and anonymous memory that comes and goes
 *   compaction  fragments 1 GiB beforehand, then has all zones compacted (/proc/sys/vm/compact_memory); says "over" when
 *               its time is up and keeps what was moved until it is ended
 *
 * CGROUP_PROCS is the cgroup.procs of a cgroup that the process moves into before it begins.
 * Exit codes: 0 done, 1 something failed (said on standard error), 2 usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1ul << 20)
#define PAGE_BYTES 4096ul
#define STORM_BYTES (64 * MIB)
#define THP_BYTES (128 * MIB)
#define THP_ALIGNMENT (2 * MIB)
#define FILE_BYTES (256 * MIB)
#define IO_BYTES MIB
#define CHURN_BYTES (16 * MIB)
#define FRAGMENTED_BYTES (1024 * MIB)
#define CHILD_BYTES (2 * MIB)
#define THREADS 4
/* Pages that stay between two that are given back, so that no block of an order above 0 comes free. */
#define FRAGMENT_STEP 2
/* Between two compactions. */
#define COMPACTION_PAUSE_US 300000

static const char *directory = "/tmp";

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *map(size_t bytes, int flags)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static void idle(double end_s)
{
	while (now_s() < end_s)
		usleep(50000);
}

static void storm(double end_s)
{
	do
		munmap(map(STORM_BYTES, MAP_POPULATE), STORM_BYTES);
	while (now_s() < end_s);
}

static void pace(double end_s)
{
	double start_s, pages = 0;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity");
	start_s = now_s();
	do {
		munmap(map(STORM_BYTES, MAP_POPULATE), STORM_BYTES);
		pages += (double)STORM_BYTES / PAGE_BYTES;
	} while (now_s() < end_s);
	printf("%.1f\n", (now_s() - start_s) * 1e9 / pages);
}

static void *touch(void *unused)
{
	char *memory = map(CHILD_BYTES, 0);

	(void)unused;
	memset(memory, 1, CHILD_BYTES);
	munmap(memory, CHILD_BYTES);
	return NULL;
}

static void child(void)
{
	pthread_t threads[THREADS];
	int started = 0;

	while (started < THREADS && pthread_create(&threads[started], NULL, touch, NULL) == 0)
		started++;
	while (started)
		pthread_join(threads[--started], NULL);
	touch(NULL);
	_exit(0);
}

static void fork_and_end(double end_s)
{
	do {
		pid_t pid = fork();

		if (pid == 0)
			child();
		if (pid < 0)
			die("fork");
		waitpid(pid, NULL, 0);
	} while (now_s() < end_s);
}

static int scratch_file(void)
{
	char path[4096];
	int file;

	snprintf(path, sizeof(path), "%s/workload-%d", directory, getpid());
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (file < 0)
		die(path);
	unlink(path);
	return file;
}

static void write_whole(int file, const char *buffer)
{
	for (off_t at = 0; at < (off_t)FILE_BYTES; at += IO_BYTES)
		if (pwrite(file, buffer, IO_BYTES, at) != (ssize_t)IO_BYTES)
			die("write");
}

static void read_whole(int file, char *buffer)
{
	for (off_t at = 0; at < (off_t)FILE_BYTES; at += IO_BYTES)
		if (pread(file, buffer, IO_BYTES, at) != (ssize_t)IO_BYTES)
			die("read");
}

static void pagecache(double end_s)
{
	int file = scratch_file();
	char *buffer = map(IO_BYTES, MAP_POPULATE);

	do {
		write_whole(file, buffer);
		fdatasync(file);
		posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
		read_whole(file, buffer);
		posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	} while (now_s() < end_s);
	close(file);
}

static void thp(double end_s)
{
	do {
		char *memory = map(THP_BYTES + THP_ALIGNMENT, 0);
		char *aligned = (char *)(((uintptr_t)memory + THP_ALIGNMENT - 1) & ~(THP_ALIGNMENT - 1));

		madvise(aligned, THP_BYTES, MADV_HUGEPAGE);
		for (size_t at = 0; at < THP_BYTES; at += PAGE_BYTES)
			aligned[at] = 1;
		munmap(memory, THP_BYTES + THP_ALIGNMENT);
	} while (now_s() < end_s);
}

/* No swap is assumed: what can be reclaimed is the file's pages. */
static void pressure(double end_s)
{
	int file = scratch_file();
	char *buffer = map(IO_BYTES, MAP_POPULATE);

	do {
		char *churn = map(CHURN_BYTES, MAP_POPULATE);

		write_whole(file, buffer);
		read_whole(file, buffer);
		munmap(churn, CHURN_BYTES);
	} while (now_s() < end_s);
	close(file);
}

static char *fragment(void)
{
	char *memory = map(FRAGMENTED_BYTES, 0);

	/* Huge pages would leave nothing to compact. */
	madvise(memory, FRAGMENTED_BYTES, MADV_NOHUGEPAGE);
	memset(memory, 1, FRAGMENTED_BYTES);
	for (size_t at = 0; at < FRAGMENTED_BYTES; at += FRAGMENT_STEP * PAGE_BYTES)
		madvise(memory + at, PAGE_BYTES, MADV_DONTNEED);
	return memory;
}

static void compact(void)
{
	int file = open("/proc/sys/vm/compact_memory", O_WRONLY);

	if (file < 0 || write(file, "1", 1) != 1)
		die("/proc/sys/vm/compact_memory");
	close(file);
}

static void compaction(double end_s)
{
	char *memory = fragment();

	do {
		compact();
		usleep(COMPACTION_PAUSE_US);
	} while (now_s() < end_s);
	puts("over");
	fflush(stdout);
	pause();
	munmap(memory, FRAGMENTED_BYTES);
}

static const struct {
	const char *name;
	void (*run)(double end_s);
} kinds[] = {
	{ "idle", idle },	    { "storm", storm }, { "pace", pace },	  { "fork", fork_and_end },
	{ "pagecache", pagecache }, { "thp", thp },	{ "pressure", pressure }, { "compaction", compaction },
};

static void enter(const char *cgroup_procs)
{
	int file = open(cgroup_procs, O_WRONLY);

	if (file < 0 || write(file, "0", 1) != 1)
		die(cgroup_procs);
	close(file);
}

int main(int count, char **words)
{
	if (count < 3) {
		fputs("usage: workload KIND SECONDS [DIRECTORY [CGROUP_PROCS]]\n", stderr);
		return 2;
	}
	if (count > 3)
		directory = words[3];
	if (count > 4)
		enter(words[4]);
	for (size_t at = 0; at < sizeof(kinds) / sizeof(*kinds); at++) {
		if (strcmp(words[1], kinds[at].name))
			continue;
		kinds[at].run(now_s() + atof(words[2]));
		return 0;
	}
	fprintf(stderr, "workload: no kind %s\n", words[1]);
	return 2;
}
