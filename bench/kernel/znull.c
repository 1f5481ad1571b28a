// SPDX-License-Identifier: GPL-2.0
/*
 * znull: a zpool that takes whole pages and forgets them
 *
 * The floor for zspm in benchmarks: what swapping out costs if storing costs
 * nothing. A load yields zeroes, so whatever is swapped out is lost: to choose
 * znull taints the kernel.
 */
#define pr_fmt(fmt) "znull: " fmt

#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/zpool.h>

static char znull_pool;		/* any address will do */

static void *znull_create(const char *name, gfp_t gfp)
{
	pr_warn("from now on, what is swapped out is lost\n");
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	return &znull_pool;
}

static void znull_destroy(void *pool)
{
}

static int znull_store_folio(void *pool, struct folio *folio, long start, long nr,
			     struct obj_cgroup *objcg, unsigned long *handles)
{
	while (nr--)
		*handles++ = (unsigned long)&znull_pool;
	return 0;
}

static int znull_load_page(void *pool, unsigned long handle, struct page *page)
{
	clear_highpage(page);
	return 0;
}

static void znull_drop_page(void *pool, unsigned long handle)
{
}

/* Nothing is compressed for us: every page is stored as it is. */
static int znull_malloc(void *pool, size_t size, gfp_t gfp, unsigned long *handle)
{
	return -ENOSPC;
}

static void znull_free(void *pool, unsigned long handle)
{
}

static void *znull_map(void *pool, unsigned long handle, enum zpool_mapmode mm)
{
	return NULL;
}

static void znull_unmap(void *pool, unsigned long handle)
{
}

static u64 znull_total_pages(void *pool)
{
	return 0;
}

static struct zpool_driver znull_driver = {
	.type = "znull",
	.owner = THIS_MODULE,
	.create = znull_create,
	.destroy = znull_destroy,
	.malloc = znull_malloc,
	.free = znull_free,
	.map = znull_map,
	.unmap = znull_unmap,
	.total_pages = znull_total_pages,
	.store_folio = znull_store_folio,
	.load_page = znull_load_page,
	.drop_page = znull_drop_page,
};

static int __init znull_init(void)
{
	zpool_register_driver(&znull_driver);
	return 0;
}
module_init(znull_init);

static void __exit znull_exit(void)
{
	zpool_unregister_driver(&znull_driver);
}
module_exit(znull_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("zpool that forgets what it is given, for benchmarks");
MODULE_ALIAS("zpool-znull");
