// SPDX-License-Identifier: GPL-2.0
/*
 * doors - try to get memory of a node by every system call that takes a node id
 *
 *	doors NODE CASE
 *
 * NODE is a node without ordinary memory. Each case asks for it alone, which must
 * fail with the errno below, and together with node 0, which must give memory of
 * node 0 only.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's headers */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define WEIGHTED_INTERLEAVE 6

#define PAGE 4096UL
#define PAGES 512UL
#define SIZE (PAGES * PAGE)
#define MAX_NODE 64UL

static unsigned long node;
static char *memory;

static char *map_memory(void)
{
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static void want(const char *what, long rc, int want_errno)
{
	if (!want_errno ? rc >= 0 : rc == -1 && errno == want_errno)
		return;
	errx(1, "%s: %s, expected %s", what,
	     rc >= 0 ? "success" : strerrorname_np(errno),
	     want_errno ? strerrorname_np(want_errno) : "success");
}

/*
 * The node of a page, or a negative errno. A page that compaction moves or khugepaged copies
 * at the moment has none, which the kernel reports as -ENOENT. A write waits for either to
 * end. A tenth of a second is a hundred times what the copy of a huge page takes here.
 */
static int node_of(char *page)
{
	void *pages[] = { page };
	int status, i;

	for (i = 0; i < 100; i++) {
		*(volatile char *)page = 1;
		if (syscall(SYS_move_pages, 0, 1UL, pages, NULL, &status, 0))
			err(1, "move_pages");
		if (status != -ENOENT)
			break;
		usleep(1000);
	}
	return status;
}

/* Every page of the memory is on node 0. */
static void want_node0(const char *what)
{
	unsigned long i;
	int at;

	memset(memory, 1, SIZE);
	for (i = 0; i < PAGES; i++) {
		at = node_of(memory + i * PAGE);
		if (at < 0)
			errx(1, "%s: page %lu: %s", what, i, strerrorname_np(-at));
		if (at)
			errx(1, "%s: page %lu is on node %d", what, i, at);
	}
}

static long do_mbind(int mode, unsigned long mask, unsigned int flags)
{
	return syscall(SYS_mbind, memory, SIZE, mode, &mask, MAX_NODE, flags);
}

static long do_set_mempolicy(int mode, unsigned long mask)
{
	return syscall(SYS_set_mempolicy, mode, &mask, MAX_NODE);
}

static const struct {
	const char *name;
	int mode;
} modes[] = {
	{ "bind", MPOL_BIND },
	{ "preferred", MPOL_PREFERRED },
	{ "interleave", MPOL_INTERLEAVE },
	{ "weighted_interleave", WEIGHTED_INTERLEAVE },
	{ "preferred_many", MPOL_PREFERRED_MANY },
};

static void policy(int mode, bool task)
{
	const int flags[] = { 0, MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES };
	unsigned long only = 1UL << node;
	unsigned int i;

	/* Relative node numbers are folded onto what is there. */
	for (i = 0; i < 2; i++) {
		memory = map_memory();
		if (task)
			want("the node alone", do_set_mempolicy(mode | flags[i], only), EINVAL);
		else
			want("the node alone", do_mbind(mode | flags[i], only, 0), EINVAL);
		want_node0("after the refusal");
	}
	for (i = 0; i < 3; i++) {
		memory = map_memory();
		if (task)
			want("with node 0", do_set_mempolicy(mode | flags[i], only | 1), 0);
		else
			want("with node 0", do_mbind(mode | flags[i], only | 1, 0), 0);
		want_node0("with node 0");
		want("default", do_set_mempolicy(MPOL_DEFAULT, 0), 0);
	}
}

/* Pages that are there already must not be moved to the node either. */
static void mbind_move(void)
{
	memory = map_memory();
	memset(memory, 1, SIZE);
	want("MPOL_MF_MOVE_ALL", do_mbind(MPOL_BIND, 1UL << node, MPOL_MF_MOVE_ALL), EINVAL);
	want("MPOL_MF_STRICT", do_mbind(MPOL_BIND, 1UL << node,
					MPOL_MF_STRICT | MPOL_MF_MOVE), EINVAL);
	want("together", do_mbind(MPOL_INTERLEAVE, 1UL << node | 1, MPOL_MF_MOVE_ALL), 0);
	want_node0("together");
}

/* The home node is only where the search in the allowed nodes begins. */
static void home_node(void)
{
	const int home_modes[] = { MPOL_BIND, MPOL_PREFERRED_MANY };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		memory = map_memory();
		want("mbind", do_mbind(home_modes[i], 1, 0), 0);
		want("home node", syscall(SYS_set_mempolicy_home_node, memory, SIZE, node, 0), 0);
		want_node0("home node");
	}
	memory = map_memory();
	want("mbind", do_mbind(MPOL_INTERLEAVE, 1, 0), 0);
	want("interleave", syscall(SYS_set_mempolicy_home_node, memory, SIZE, node, 0), EOPNOTSUPP);
}

static void move_pages(void)
{
	void *pages[2];
	int status[2] = { -1, -1 };
	int nodes[2] = { 0, (int)node };

	memory = map_memory();
	memset(memory, 1, SIZE);
	pages[0] = memory;
	pages[1] = memory + PAGE;
	want("move_pages", syscall(SYS_move_pages, 0, 2, pages, nodes, status, MPOL_MF_MOVE_ALL),
	     ENODEV);
	want_node0("move_pages");
}

static void migrate_pages(void)
{
	unsigned long from = 1, to = 1UL << node, both = to | 1;

	memory = map_memory();
	memset(memory, 1, SIZE);
	want("to the node", syscall(SYS_migrate_pages, 0, MAX_NODE, &from, &to), EINVAL);
	want("from the node", syscall(SYS_migrate_pages, 0, MAX_NODE, &to, &from), 0);
	want("to both", syscall(SYS_migrate_pages, 0, MAX_NODE, &from, &both), 0);
	want_node0("migrate_pages");
}

/* Huge pages, locked and populated, under a policy that names both nodes. */
static void populate(void)
{
	want("policy", do_set_mempolicy(MPOL_INTERLEAVE, 1UL << node | 1), 0);
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	want_node0("MAP_POPULATE");
	want("mlock2", mlock2(memory, SIZE, MLOCK_ONFAULT), 0);

	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	want("MADV_POPULATE_WRITE", madvise(memory, SIZE, MADV_POPULATE_WRITE), 0);
	want_node0("shared");
}

static void hugepage(void)
{
	char *p;

	want("policy", do_set_mempolicy(MPOL_PREFERRED_MANY, 1UL << node | 1), 0);
	p = mmap(NULL, 4 * SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	memory = p + (-(unsigned long)p & ((2UL << 20) - 1));
	want("MADV_HUGEPAGE", madvise(memory, SIZE, MADV_HUGEPAGE), 0);
	want_node0("fault");
	memory += SIZE;
	want("MADV_NOHUGEPAGE", madvise(memory, SIZE, MADV_NOHUGEPAGE), 0);
	memset(memory, 1, SIZE);
	want("MADV_HUGEPAGE", madvise(memory, SIZE, MADV_HUGEPAGE), 0);
	want("MADV_COLLAPSE", madvise(memory, SIZE, MADV_COLLAPSE), 0);
	want_node0("MADV_COLLAPSE");
}

/* The kernel does not tell that the node could be used. */
static void get_mempolicy(void)
{
	unsigned long mask = 0;
	int mode;

	want("MPOL_F_MEMS_ALLOWED", syscall(SYS_get_mempolicy, &mode, &mask, MAX_NODE, NULL,
					    MPOL_F_MEMS_ALLOWED), 0);
	if (mask & (1UL << node))
		errx(1, "node %lu is allowed: %#lx", node, mask);
	want("policy", do_set_mempolicy(MPOL_BIND, 1UL << node | 1), 0);
	want("get", syscall(SYS_get_mempolicy, &mode, &mask, MAX_NODE, NULL, 0), 0);
	if (mask != 1)
		errx(1, "the policy has nodes %#lx", mask);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "mbind_move", mbind_move },
	{ "home_node", home_node },
	{ "move_pages", move_pages },
	{ "migrate_pages", migrate_pages },
	{ "populate", populate },
	{ "hugepage", hugepage },
	{ "get_mempolicy", get_mempolicy },
};

static bool run_policy(const char *name)
{
	const char *mode_name;
	bool task;
	unsigned int i;

	task = !strncmp(name, "set_mempolicy_", strlen("set_mempolicy_"));
	if (!task && strncmp(name, "mbind_", strlen("mbind_")))
		return false;
	mode_name = name + strlen(task ? "set_mempolicy_" : "mbind_");
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (!strcmp(mode_name, modes[i].name)) {
			policy(modes[i].mode, task);
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 3)
		errx(2, "usage: doors NODE CASE");
	node = strtoul(argv[1], NULL, 0);
	if (!node || node >= MAX_NODE)
		errx(2, "%s: not the number of such a node", argv[1]);

	if (run_policy(argv[2]))
		return 0;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!strcmp(argv[2], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	}
	errx(2, "no case '%s'", argv[2]);
}
