/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The few kernel types that the programs read, and no more: every field is found by CO-RE in the running kernel's own
 * BTF, so offsets here mean nothing and one object serves x86-64 and arm64. Names and types are the kernel's.
 */
#ifndef FARMSCOPE_KERNEL_H
#define FARMSCOPE_KERNEL_H

/* Tells libbpf's headers that kernel types come from here and not from linux/ headers. */
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0

/* include/uapi/linux/bpf.h */
enum {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
};
enum {
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_RB_NO_WAKEUP = 1,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* include/linux/mm_types.h; only its size is asked for */
struct page {
	unsigned long flags;
};

/* include/trace/events/kmem.h: the classic record of mm_page_alloc */
struct trace_event_raw_mm_page_alloc {
	unsigned long pfn;
};

/* include/linux/kernfs.h */
struct kernfs_node {
	__u64 id;
};

/* include/linux/cgroup-defs.h */
struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

enum cgroup_subsys_id {
	memory_cgrp_id = 4, /* as configured: looked up in the running kernel */
};

struct css_set {
	struct cgroup_subsys_state *subsys[16]; /* as many as are configured */
	struct cgroup *dfl_cgrp;
};

/* include/linux/sched.h */
struct task_struct {
	unsigned int __state;
	int pid;
	int tgid;
	struct css_set *cgroups;
};

/* The same before 5.14 (commit 2f064a59a11f "sched: Change task_struct::state"). */
struct task_struct___before_5_14 {
	long state;
};

#if defined(__TARGET_ARCH_x86)
/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
	unsigned long ax;
};
#elif defined(__TARGET_ARCH_arm64)
/* arch/arm64/include/uapi/asm/ptrace.h */
struct user_pt_regs {
	__u64 regs[31];
};
#endif

#pragma clang attribute pop

#endif
