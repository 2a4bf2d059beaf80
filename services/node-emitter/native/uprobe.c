// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "group.h"

int shim_uprobe_attach(struct shim_group *group, const char *program_name, const char *path, uint64_t offset,
		       uint64_t cookie)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = cookie);
	struct bpf_program *program = bpf_object__find_program_by_name(group->object, program_name);

	if (!program)
		return -ENOENT;
	for (int uprobe = 0; uprobe < SHIM_UPROBES_MAX; uprobe++) {
		if (group->uprobes[uprobe])
			continue;
		group->uprobes[uprobe] = bpf_program__attach_uprobe_opts(program, -1, path, offset, &options);
		return group->uprobes[uprobe] ? uprobe : -errno;
	}
	return -ENOSPC;
}

void shim_uprobe_detach(struct shim_group *group, int uprobe)
{
	if (uprobe < 0 || uprobe >= SHIM_UPROBES_MAX)
		return;
	bpf_link__destroy(group->uprobes[uprobe]);
	group->uprobes[uprobe] = NULL;
}
