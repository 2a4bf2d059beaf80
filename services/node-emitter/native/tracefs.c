// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_PATH */
#include "tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOUNTED "/sys/kernel/tracing"
#define MOUNTED_IN_DEBUGFS "/sys/kernel/debug/tracing"

/* include/uapi/linux/mount.h; glibc has the functions since 2.36, the numbers are the same on every architecture. */
#define FSOPEN_CLOEXEC_ 1u
#define FSMOUNT_CLOEXEC_ 1u
#define FSCONFIG_CMD_CREATE_ 6u

/* tracefs in a mount of our own that no directory shows: the host's mounts stay as they are. Since Linux 5.2. */
static int open_detached(void)
{
	int context = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC_);
	int root = -1;

	if (context < 0)
		return -errno;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE_, NULL, NULL, 0) == 0)
		root = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC_, 0);
	if (root < 0)
		root = -errno;
	close(context);
	return root;
}

static int open_in(int directory, const char *event)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "events/%s/id", event);
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_id_file(const char *event)
{
	static const char *const places[] = { MOUNTED, MOUNTED_IN_DEBUGFS };
	int directory, fd;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		directory = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0)
			continue;
		fd = open_in(directory, event);
		close(directory);
		if (fd >= 0)
			return fd;
	}
	directory = open_detached();
	if (directory < 0)
		return directory;
	fd = open_in(directory, event);
	close(directory);
	return fd;
}

int tracefs_event_id(const char *event)
{
	char text[32] = { 0 };
	int fd = open_id_file(event);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	return got > 0 ? atoi(text) : -EIO;
}

int tracefs_event_open(const char *event)
{
	struct perf_event_attr attributes;
	int id = tracefs_event_id(event);
	int fd;

	if (id < 0)
		return id;
	memset(&attributes, 0, sizeof(attributes));
	attributes.type = PERF_TYPE_TRACEPOINT;
	attributes.size = sizeof(attributes);
	attributes.config = (__u64)id;
	/* A program on a tracepoint runs for all CPUs, whichever the event is opened for. */
	fd = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
