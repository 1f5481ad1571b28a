/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit suites of SPM share: memory to make nodes of, nodes that are
 * unregistered and pages that are freed when a test ends, however it ends.
 *
 * The functions are in spm_kunit_lib.c, which is built in, and exported to the
 * suite of zspm, which may be in a module.
 */
#ifndef _SPM_KUNIT_H
#define _SPM_KUNIT_H

#include <kunit/test.h>
#include <linux/spm.h>

#include "../node.h"
#include "../stats.h"

/* SPM nodes that a test may have at the same time. */
#define SPM_KUNIT_NODES		2
/* Memory blocks of a node that tests use. Two at most, to save time. */
#define SPM_KUNIT_BLOCKS	2

/**
 * struct spm_kunit_memory - soft-reserved memory of one NUMA node
 * @nid: the node, which has no other memory
 * @nr_blocks: number of @block, at least 1
 * @block: memory blocks that nobody uses
 */
struct spm_kunit_memory {
	int nid;
	int nr_blocks;
	struct range block[SPM_KUNIT_BLOCKS];
};

/**
 * struct spm_kunit - a test's state, in kunit.priv
 * @nr_memory: number of NUMA nodes in @memory, at least 1
 * @memory: memory to make SPM nodes of, nearest first
 * @node: SPM nodes, made of the memory with the same index, or NULL
 * @ops: operations of nodes that spm_kunit_register() makes
 * @folios: folios in use, linked by their lru
 * @nr_folios: number of @folios
 * @total: counts of all nodes when the test began
 * @priv: the suite's own; freed by KUnit, or by the suite
 */
struct spm_kunit {
	int nr_memory;
	struct spm_kunit_memory memory[SPM_KUNIT_NODES];
	struct spm_node *node[SPM_KUNIT_NODES];
	struct spm_ops ops;
	struct list_head folios;
	unsigned long nr_folios;
	unsigned long total[NR_SPM_STATS];
	void *priv;
};

int spm_kunit_init(struct kunit *test);
void spm_kunit_exit(struct kunit *test);
void spm_kunit_need_nodes(struct kunit *test, int nr);
void spm_kunit_need_blocks(struct kunit *test, int nr);

struct spm_node *spm_kunit_register(struct kunit *test, int i);
struct spm_node *spm_kunit_register_blocks(struct kunit *test, int i, int nr);
int spm_kunit_unregister(struct kunit *test, int i);
void spm_kunit_expect_unused(struct kunit *test, int i);
void spm_kunit_run(struct kunit *test, int i);
void spm_kunit_hold(struct kunit *test, int i);
void spm_kunit_release(struct kunit *test, int i);

struct folio *spm_kunit_take(void);
void spm_kunit_written(struct folio *folio, int rc);
struct folio *spm_kunit_alloc(struct kunit *test);
void spm_kunit_free(struct kunit *test, struct folio *folio);
unsigned long spm_kunit_fill(struct kunit *test);
void spm_kunit_free_all(struct kunit *test);

void spm_kunit_expect_file(struct kunit *test, struct kobject *dir,
			   const char *file, const char *want);
int spm_kunit_write_file(struct kunit *test, struct kobject *dir,
			 const char *file, const char *text);

unsigned long spm_kunit_stat(struct kunit *test, int i, enum spm_stat stat);
unsigned long spm_kunit_total(struct kunit *test, enum spm_stat stat);
void spm_kunit_expect_stat(struct kunit *test, int i, enum spm_stat stat,
			   unsigned long want);
bool spm_kunit_isolate(struct page *page);
void spm_kunit_putback(struct page *page);
int spm_kunit_migrate(struct page *page);
int spm_kunit_migrate_range(const struct range *range);

#endif /* _SPM_KUNIT_H */
