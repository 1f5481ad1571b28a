// SPDX-License-Identifier: GPL-2.0
/*
 * zspm: a zpool that keeps pages as they are on SPM nodes
 *
 * zswap hands a folio to zspm_store_folio(), which copies each of its pages to a page
 * of an SPM node, or none if there is no room for all; the device compresses them
 * there. Loading copies a page back. If no SPM node has room, zswap is told to
 * compress the folio. The compressed objects go to another zpool, the fallback,
 * which zspm passes such calls on to; without a fallback the folio goes to the swap
 * device.
 *
 * It is not an allocator of small objects: an object is one page.
 *
 * struct zspm_object is what a handle points to. It is needed because pages are
 * movable: compaction, offlining a memory block and evacuating the node put the
 * contents into another page, while zswap keeps the handle. Copies in and out
 * are machine-check safe. An object whose page the device has lost stays, and
 * every load of it fails, until zswap frees it.
 *
 * Age: zspm_lru has a list of objects for each SPM node and cgroup, in the order in
 * which they were stored, for what was swapped out first is the coldest. A page that
 * moves to another node begins anew there. Whoever looks for victims takes them from
 * the list's head, and leaves the others as they are.
 *
 * Locking, outermost first:
 *   page lock	guards the page's being an object's page: whether it is movable,
 *		and which object page_private() is.
 *   object lock	a bit in the object's pointer to its page, guards that
 *		pointer, the page's contents from being moved, and which node's
 *		list the object is on. Held while 4 KiB are copied, and taken by
 *		loads, which must not wait for a page lock that migration holds.
 *		A spinlock.
 *   zspm_lru's locks	one for each node, guard the lists. An object that is on a
 *		list is not freed.
 * zswap makes sure that nobody loads or frees an object that is being freed.
 */
#define pr_fmt(fmt) "zspm: " fmt

#include <linux/processor.h>
#include <linux/bit_spinlock.h>
#include <linux/highmem.h>
#include <linux/list_lru.h>
#include <linux/llist.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/spm.h>
#include <linux/spm_mapped.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/workqueue.h>
#include <linux/zpool.h>

/* Bits of zspm_object.page that are free, as struct page is aligned. */
#define ZSPM_LOCK_BIT	0		/* the object lock */
#define ZSPM_LOCK	BIT(ZSPM_LOCK_BIT)
#define ZSPM_FREED	BIT(1)		/* waits to be freed: @free is valid */
#define ZSPM_BITS	(ZSPM_LOCK | ZSPM_FREED)

/* Pages that are moved off a node at the same time; they are on the stack. */
#define ZSPM_VICTIMS	16
/* Pages that could not be moved, after which the next cgroup has its turn. */
#define ZSPM_FAILURES	64

struct zspm_pool;

/**
 * struct zspm_object - a stored page
 * @page: pointer to the page, and the bits above; the pointer is NULL if the
 *	device has lost the page. Under the object lock.
 * @swp: where the page was swapped out to; for moving it away. Constant.
 * @free: links objects that could not be freed at once
 * @lru: in zspm_lru, from the end of storing until zswap drops the object, or the
 *	device loses the page
 * @objcg: the cgroup that the page belongs to, with a reference, or NULL. Constant.
 * @pool: the pool. Constant.
 * @home_nid: the node that the page was on before. Constant.
 */
struct zspm_object {
	unsigned long page;
	union {
		swp_entry_t swp;
		struct llist_node free;
	};
	struct list_head lru;
	struct obj_cgroup *objcg;
	struct zspm_pool *pool;
	int home_nid;
};

/**
 * struct zspm_pool - what zswap uses
 * @fallback: pool for compressed objects, or NULL. Never changes.
 */
struct zspm_pool {
	struct zpool *fallback;
};

static struct kmem_cache *zspm_object_cache;
static struct list_lru zspm_lru;

/* Number of pools, and the name of new pools' fallback, under the mutex. */
static DEFINE_MUTEX(zspm_pools_mutex);
static int zspm_nr_pools;
static char zspm_fallback[32] = CONFIG_ZSPM_FALLBACK_DEFAULT;

static const struct movable_operations zspm_mops;

/* ---- Objects ---- */

static void zspm_object_lock(struct zspm_object *obj)
	__acquires(bitlock)
{
	bit_spin_lock(ZSPM_LOCK_BIT, &obj->page);
}

static void zspm_object_unlock(struct zspm_object *obj)
	__releases(bitlock)
{
	bit_spin_unlock(ZSPM_LOCK_BIT, &obj->page);
}

static struct page *zspm_object_page(const struct zspm_object *obj)
{
	return (struct page *)(obj->page & ~ZSPM_BITS);
}

static void zspm_object_set_page(struct zspm_object *obj, struct page *page)
{
	obj->page = (unsigned long)page | (obj->page & ZSPM_BITS);
}

/* Make it the object's page. Its owner's reference becomes the object's. */
static void zspm_page_attach(struct page *page, struct zspm_object *obj)
{
	VM_WARN_ON_ONCE_PAGE(!PageLocked(page), page);

	set_page_private(page, (unsigned long)obj);
	__SetPageMovable(page, &zspm_mops);
}

/* Others may have references still, but nobody can isolate it any more. */
static void zspm_page_detach(struct page *page)
{
	VM_WARN_ON_ONCE_PAGE(!PageLocked(page), page);

	__ClearPageMovable(page);
	set_page_private(page, 0);
}

/* The object of a locked page, NULL if it is not one of ours. */
static struct zspm_object *zspm_page_object(struct page *page)
{
	VM_WARN_ON_ONCE_PAGE(!PageLocked(page), page);

	/* Without operations it is not movable any more, see zspm_page_detach(). */
	if (!__PageMovable(page) || page_movable_ops(page) != &zspm_mops)
		return NULL;
	return (struct zspm_object *)page_private(page);
}

/* Machine-check safe. The pages' owners keep them from changing. */
static int zspm_copy_page(struct page *to, struct page *from)
{
	return copy_mc_highpage(to, from) ? -EHWPOISON : 0;
}

/* To an SPM node. */
static int zspm_write_page(struct page *to, struct page *from)
{
	return PageHWPoison(from) ? -EHWPOISON : zspm_copy_page(to, from);
}

/* From an SPM node. Under the object lock, so preemption is off. */
static int zspm_read_page(struct page *to, struct page *from)
{
	return spm_folio_readable(page_folio(from)) ?
	       zspm_copy_page(to, from) : -EHWPOISON;
}

/* ---- Age ---- */

/* Under RCU: an object of a cgroup that is gone belongs to the one above it. */
static struct mem_cgroup *zspm_object_memcg(const struct zspm_object *obj)
{
#ifdef CONFIG_MEMCG
	if (obj->objcg)
		return obj_cgroup_memcg(obj->objcg);
#endif
	return NULL;
}

/* To the list's young end. */
static void zspm_lru_add(struct zspm_object *obj, int nid)
{
	rcu_read_lock();
	list_lru_add(&zspm_lru, &obj->lru, nid, zspm_object_memcg(obj));
	rcu_read_unlock();
}

/* Under the object lock. Return: false if it was on no list. */
static bool zspm_lru_del(struct zspm_object *obj)
{
	struct page *page = zspm_object_page(obj);
	bool removed;

	if (!page)
		return false;
	rcu_read_lock();
	removed = list_lru_del(&zspm_lru, &obj->lru, page_to_nid(page),
			       zspm_object_memcg(obj));
	rcu_read_unlock();
	return removed;
}

/* ---- Freeing ---- */

static void zspm_free_work(struct work_struct *work);
static DECLARE_WORK(zspm_free_worker, zspm_free_work);
static LLIST_HEAD(zspm_free_list);
static struct workqueue_struct *zspm_wq;

/* Free an object's page, which is locked, and has been its own until now. */
static void zspm_page_free(struct page *page)
{
	zspm_page_detach(page);
	unlock_page(page);
	spm_free_folio(page_folio(page));
}

/* @page: the object's page, locked; NULL if it has none */
static void zspm_object_free(struct zspm_object *obj, struct page *page)
{
	if (page) {
		zspm_page_free(page);
		spm_uncharge(obj->objcg, 1);
	}
	obj_cgroup_put(obj->objcg);
	kmem_cache_free(zspm_object_cache, obj);
}

/* Free the object unless the page lock is taken; then mark it. */
static bool zspm_object_try_free(struct zspm_object *obj)
{
	struct page *page;
	bool locked = true;

	zspm_object_lock(obj);
	zspm_lru_del(obj);
	page = zspm_object_page(obj);
	if (page)
		locked = trylock_page(page);
	if (!locked)
		obj->page |= ZSPM_FREED;
	zspm_object_unlock(obj);

	if (locked)
		zspm_object_free(obj, page);
	return locked;
}

/* Lock the object's page, which migration may replace until that is done. */
static struct page *zspm_object_lock_page(struct zspm_object *obj)
{
	struct page *page;
	bool same;

	for (;;) {
		zspm_object_lock(obj);
		page = zspm_object_page(obj);
		if (page)
			get_page(page);
		zspm_object_unlock(obj);
		if (!page)
			return NULL;

		lock_page(page);
		same = zspm_page_object(page) == obj;
		if (!same)
			unlock_page(page);
		put_page(page);		/* if it is the same, obj has its own */
		if (same)
			return page;
	}
}

/* Objects whose page lock was taken, by migration or isolation. */
static void zspm_free_work(struct work_struct *work)
{
	struct llist_node *list = llist_del_all(&zspm_free_list);
	struct zspm_object *obj, *next;

	llist_for_each_entry_safe(obj, next, list, free) {
		zspm_object_free(obj, zspm_object_lock_page(obj));
		cond_resched();
	}
}

static void zspm_drop_page(void *pool, unsigned long handle)
{
	struct zspm_object *obj = (struct zspm_object *)handle;

	/* May be called under a spinlock, so don't wait for a page lock here. */
	if (!zspm_object_try_free(obj) && llist_add(&obj->free, &zspm_free_list))
		queue_work(zspm_wq, &zspm_free_worker);
}

/*
 * The device has lost the page, which is locked. Keep the object: it fails. Without a
 * page it may be freed by others as soon as it is unlocked.
 */
static void zspm_object_lose(struct zspm_object *obj, struct page *page)
{
	zspm_object_lock(obj);
	zspm_lru_del(obj);
	zspm_object_set_page(obj, NULL);
	spm_uncharge(obj->objcg, 1);
	zspm_object_unlock(obj);

	spm_folio_lost(page_folio(page));
	zspm_page_free(page);
}

/* ---- Storing and loading ---- */

/* One for each page. Return: false, with none, if there is no memory. */
static bool zspm_objects_alloc(long nr, unsigned long *handles)
{
	const gfp_t gfp = __GFP_NORETRY | __GFP_NOWARN | __GFP_KSWAPD_RECLAIM;

	if (nr > 1)
		return kmem_cache_alloc_bulk(zspm_object_cache, gfp, nr,
					     (void **)handles);
	*handles = (unsigned long)kmem_cache_alloc(zspm_object_cache, gfp);
	return *handles;
}

static void zspm_pages_free(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		spm_free_folio(page_folio(page));
	}
}

/* Return: 0; -EHWPOISON, then the remaining pages were not written. */
static int zspm_write_pages(struct folio *folio, long start,
			    struct list_head *pages)
{
	struct page *page;
	int rc;

	list_for_each_entry(page, pages, lru) {
		rc = zspm_write_page(page, folio_page(folio, start++));
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * Give each object its page. The page lock keeps migration from looking for the object
 * on a list before it is there.
 */
static void zspm_objects_publish(struct zspm_pool *pool, struct folio *folio,
				 long start, struct obj_cgroup *objcg,
				 struct list_head *pages,
				 const unsigned long *handles)
{
	swp_entry_t swp = swp_entry(swp_type(folio->swap),
				    swp_offset(folio->swap) + start);
	struct page *page, *next;
	struct zspm_object *obj;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		obj = (struct zspm_object *)*handles++;
		obj->page = (unsigned long)page;
		obj->swp = swp;
		obj->objcg = objcg;
		obj->pool = pool;
		obj->home_nid = folio_nid(folio);
		INIT_LIST_HEAD(&obj->lru);

		lock_page(page);
		zspm_page_attach(page, obj);
		zspm_lru_add(obj, page_to_nid(page));
		unlock_page(page);
		swp.val++;
	}
}

/* The cgroup is charged. */
static int zspm_store_charged(struct zspm_pool *pool, struct folio *folio,
			      long start, long nr, struct obj_cgroup *objcg,
			      unsigned long *handles)
{
	LIST_HEAD(pages);
	int rc;

	if (spm_list_lru_prepare(&zspm_lru, objcg))
		return -ENOMEM;
	if (spm_alloc_pages(nr, &pages))
		return -ENOSPC;
	if (!zspm_objects_alloc(nr, handles)) {
		spm_unalloc_pages(nr, &pages);
		return -ENOMEM;
	}

	rc = zspm_write_pages(folio, start, &pages);
	spm_pages_written(nr, &pages, rc);
	if (rc) {
		zspm_pages_free(&pages);
		kmem_cache_free_bulk(zspm_object_cache, nr, (void **)handles);
		return rc;
	}

	if (objcg)
		obj_cgroup_get_many(objcg, nr);
	zspm_objects_publish(pool, folio, start, objcg, &pages, handles);
	return 0;
}

static int zspm_store_folio(void *data, struct folio *folio, long start, long nr,
			    struct obj_cgroup *objcg, unsigned long *handles)
{
	struct zspm_pool *pool = data;
	int rc;

	rc = spm_charge(objcg, nr);
	if (!rc) {
		rc = zspm_store_charged(pool, folio, start, nr, objcg, handles);
		if (rc)
			spm_uncharge(objcg, nr);
	}
	/* What can't be read must not get to the compressor either. */
	if (rc == -EHWPOISON)
		return -EIO;
	return rc && pool->fallback ? -EOPNOTSUPP : rc;
}

static int zspm_load_page(void *pool, unsigned long handle, struct page *page)
{
	struct zspm_object *obj = (struct zspm_object *)handle;
	struct page *src;
	int rc = -EIO;

	zspm_object_lock(obj);
	src = zspm_object_page(obj);
	if (src) {
		rc = zspm_read_page(page, src) ? -EIO : 0;
		spm_folio_loaded(page_folio(src), rc);
	}
	zspm_object_unlock(obj);

	if (rc)
		pr_warn_ratelimited("lost the page of swap entry %d:%lu\n",
				    swp_type(page_swap_entry(page)),
				    swp_offset(page_swap_entry(page)));
	return rc;
}

/* ---- Moving ---- */

static bool zspm_isolate_page(struct page *page, isolate_mode_t mode)
{
	return true;
}

static void zspm_putback_page(struct page *page)
{
}

/* Under the object lock: the contents are in @dst now. */
static void zspm_object_move(struct zspm_object *obj, struct page *dst,
			     struct page *src)
{
	bool listed = false;

	if (page_to_nid(dst) != page_to_nid(src))
		listed = zspm_lru_del(obj);
	get_page(dst);
	zspm_page_attach(dst, obj);
	zspm_object_set_page(obj, dst);
	zspm_page_detach(src);
	if (listed)
		zspm_lru_add(obj, page_to_nid(dst));
}

/* Both pages are locked. Does not sleep, so it suits every mode. */
static int zspm_migrate_page(struct page *dst, struct page *src,
			     enum migrate_mode mode)
{
	struct zspm_object *obj = zspm_page_object(src);
	int rc;

	rc = spm_folio_move_begin(page_folio(dst), page_folio(src));
	if (rc)
		return rc;

	zspm_object_lock(obj);
	rc = zspm_read_page(dst, src);
	if (!rc)
		zspm_object_move(obj, dst, src);
	zspm_object_unlock(obj);

	spm_folio_move_end(page_folio(dst), page_folio(src), rc);
	if (!rc)
		spm_free_folio(page_folio(src));
	return rc;
}

static const struct movable_operations zspm_mops = {
	.isolate_page = zspm_isolate_page,
	.migrate_page = zspm_migrate_page,
	.putback_page = zspm_putback_page,
};

/* ---- Moving to DRAM or to the swap device ---- */

/*
 * Once the lock is dropped that keeps the object from going away, it may be freed.
 * As a handle it is only compared from there on.
 */
static void zspm_make_victim(struct spm_victim *victim, struct zspm_object *obj)
{
	victim->swp = obj->swp;
	victim->pool = obj->pool;
	victim->handle = (unsigned long)obj;
	victim->home_nid = obj->home_nid;
}

/* Return: 0; -ENOENT if it is gone in a moment; -EBUSY if it must not be written. */
static int zspm_object_victim(struct zspm_object *obj, struct spm_victim *victim)
{
	int rc = -ENOENT;

	zspm_object_lock(obj);
	if (!(obj->page & ZSPM_FREED)) {
		zspm_make_victim(victim, obj);
		rcu_read_lock();
		rc = spm_memcg_may_write_back(zspm_object_memcg(obj)) ? 0 : -EBUSY;
		rcu_read_unlock();
	}
	zspm_object_unlock(obj);
	return rc;
}

/* Move the page out of zswap. See struct spm_user. */
static int zspm_writeback(struct folio *folio)
{
	struct page *page = folio_page(folio, 0);
	struct spm_victim victim;
	struct zspm_object *obj;
	int rc;

	lock_page(page);
	obj = zspm_page_object(page);
	if (obj && !spm_folio_readable(folio)) {
		zspm_object_lose(obj, page);
		return -EHWPOISON;
	}
	rc = obj ? zspm_object_victim(obj, &victim) : -ENOENT;
	unlock_page(page);
	if (rc)
		return rc;

	spm_evict(&victim, 1, SPM_WRITE_BACK);
	/* -EIO: memory_failure() is about to mark the page, see above. */
	return victim.rc == -ENOMEM || victim.rc == -EIO ? -EAGAIN : victim.rc;
}

/**
 * struct zspm_choice - the search for victims
 * @victims: what was found
 * @nr: number of @victims
 * @max: how many are wanted
 * @skip: objects at the list's head that are passed by: they could not be moved
 */
struct zspm_choice {
	struct spm_victim *victims;
	unsigned int nr;
	unsigned int max;
	unsigned int skip;
};

/* For list_lru_walk_one(), under the list's lock. All keep their places. */
static enum lru_status zspm_choose(struct list_head *item, struct list_lru_one *list,
				   spinlock_t *lock, void *arg)
{
	struct zspm_object *obj = container_of(item, struct zspm_object, lru);
	struct zspm_choice *choice = arg;

	if (choice->skip) {
		choice->skip--;
		return LRU_SKIP;
	}
	zspm_make_victim(&choice->victims[choice->nr++], obj);
	return choice->nr == choice->max ? LRU_STOP : LRU_SKIP;
}

static bool zspm_out_of_memory(const struct zspm_choice *choice)
{
	unsigned int i;

	for (i = 0; i < choice->nr; i++)
		if (choice->victims[i].rc == -ENOMEM)
			return true;
	return false;
}

/* Move the cgroup's coldest pages off the node. See struct spm_user. */
static unsigned long zspm_relieve(int nid, struct mem_cgroup *memcg,
				  unsigned long nr, enum spm_relief relief)
{
	struct spm_victim victims[ZSPM_VICTIMS];
	struct zspm_choice choice = { .victims = victims };
	unsigned long done = 0, nr_to_walk;
	unsigned int moved, failed = 0;

	if (relief == SPM_PROMOTE && !spm_memcg_may_swap_in(memcg, nr))
		return 0;
	while (done < nr && failed < ZSPM_FAILURES) {
		choice.nr = 0;
		choice.max = min_t(unsigned long, nr - done, ZSPM_VICTIMS);
		choice.skip = failed;
		nr_to_walk = choice.skip + choice.max;
		list_lru_walk_one(&zspm_lru, nid, memcg, zspm_choose, &choice,
				  &nr_to_walk);
		if (!choice.nr)
			break;
		moved = spm_evict(victims, choice.nr, relief);
		done += moved;
		failed += choice.nr - moved;
		if (zspm_out_of_memory(&choice))
			break;
	}
	return done;
}

static struct spm_user zspm_user = {
	.name = "zspm",
	.writeback = zspm_writeback,
	.relieve = zspm_relieve,
};

/* ---- The fallback ---- */

static int zspm_malloc(void *pool, size_t size, gfp_t gfp, unsigned long *handle)
{
	struct zpool *fallback = ((struct zspm_pool *)pool)->fallback;

	if (!fallback)
		return -ENOSPC;
	if (zpool_malloc_support_movable(fallback))
		gfp |= __GFP_HIGHMEM | __GFP_MOVABLE;
	return zpool_malloc(fallback, size, gfp, handle);
}

static void zspm_free(void *pool, unsigned long handle)
{
	zpool_free(((struct zspm_pool *)pool)->fallback, handle);
}

static void *zspm_map(void *pool, unsigned long handle, enum zpool_mapmode mm)
{
	return zpool_map_handle(((struct zspm_pool *)pool)->fallback, handle, mm);
}

static void zspm_unmap(void *pool, unsigned long handle)
{
	zpool_unmap_handle(((struct zspm_pool *)pool)->fallback, handle);
}

/* Pages of DRAM. What is on SPM nodes has a limit of its own: their size. */
static u64 zspm_total_pages(void *pool)
{
	struct zpool *fallback = ((struct zspm_pool *)pool)->fallback;

	return fallback ? zpool_get_total_pages(fallback) : 0;
}

static int zspm_fallback_check(char *name)
{
	if (!strcmp(name, "zspm")) {
		pr_err("fallback: zspm can't be its own; give another zpool, or none\n");
		return -EINVAL;
	}
	/* From the command line: too early to look for it. */
	if (!*name || system_state != SYSTEM_RUNNING || zpool_has_pool(name))
		return 0;
	pr_err("fallback: no zpool '%s'\n", name);
	return -EINVAL;
}

/* Called for the command line before there is a slab allocator. */
static int zspm_fallback_set(const char *val, const struct kernel_param *kp)
{
	char buf[sizeof(zspm_fallback)], *name;
	int rc;

	if (strscpy(buf, val) < 0) {
		pr_err("fallback: a name has up to %zu bytes\n", sizeof(buf) - 1);
		return -EINVAL;
	}
	name = strim(buf);
	rc = zspm_fallback_check(name);
	if (rc)
		return rc;

	guard(mutex)(&zspm_pools_mutex);
	if (!strcmp(zspm_fallback, name))
		return 0;
	if (zspm_nr_pools) {
		pr_err("fallback: in use, first choose another zswap.zpool and swapoff\n");
		return -EBUSY;
	}
	strscpy(zspm_fallback, name);
	return 0;
}

static int zspm_fallback_get(char *buf, const struct kernel_param *kp)
{
	guard(mutex)(&zspm_pools_mutex);
	return sysfs_emit(buf, "%s\n", zspm_fallback);
}

static const struct kernel_param_ops zspm_fallback_ops = {
	.set = zspm_fallback_set,
	.get = zspm_fallback_get,
};
module_param_cb(fallback, &zspm_fallback_ops, NULL, 0644);
MODULE_PARM_DESC(fallback,
		 "zpool that takes pages, compressed, which SPM has no room for; empty: the swap device does");

/* ---- Pools ---- */

static void *zspm_create(const char *name, gfp_t gfp)
{
	struct zspm_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;

	guard(mutex)(&zspm_pools_mutex);
	if (*zspm_fallback) {
		pool->fallback = zpool_create_pool(zspm_fallback, name, gfp);
		if (!pool->fallback) {
			pr_warn("no fallback zpool '%s': pages without room go to the swap device\n",
				zspm_fallback);
			*zspm_fallback = '\0';	/* so that it says what is true */
		}
	}
	/* Without a lock, as it is for a message only. */
	if (nodes_empty(spm_nodes))
		pr_info("there is no SPM node: until there is one, all goes to %s\n",
			pool->fallback ? zspm_fallback : "the swap device");
	zspm_nr_pools++;
	spm_hooks_get();
	return pool;
}

static void zspm_destroy(void *data)
{
	struct zspm_pool *pool = data;

	scoped_guard(mutex, &zspm_pools_mutex) {
		spm_hooks_put();
		zspm_nr_pools--;
	}
	if (pool->fallback)
		zpool_destroy_pool(pool->fallback);
	kfree(pool);
}

static struct zpool_driver zspm_zpool_driver = {
	.type = "zspm",
	.owner = THIS_MODULE,
	.create = zspm_create,
	.destroy = zspm_destroy,
	.malloc_support_movable = false,	/* decided by zspm_malloc() */
	.malloc = zspm_malloc,
	.free = zspm_free,
	.sleep_mapped = false,			/* not all fallbacks can */
	.map = zspm_map,
	.unmap = zspm_unmap,
	.total_pages = zspm_total_pages,
	.store_folio = zspm_store_folio,
	.load_page = zspm_load_page,
	.drop_page = zspm_drop_page,
};

static int __init zspm_init(void)
{
	zspm_object_cache = KMEM_CACHE(zspm_object, 0);
	if (!zspm_object_cache)
		return -ENOMEM;

	if (list_lru_init_memcg(&zspm_lru, NULL))
		goto err_cache;

	zspm_wq = alloc_workqueue("zspm", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!zspm_wq)
		goto err_lru;

	spm_register_user(&zspm_user);
	zpool_register_driver(&zspm_zpool_driver);
	return 0;

err_lru:
	list_lru_destroy(&zspm_lru);
err_cache:
	kmem_cache_destroy(zspm_object_cache);
	return -ENOMEM;
}
module_init(zspm_init);

static void __exit zspm_exit(void)
{
	zpool_unregister_driver(&zspm_zpool_driver);
	spm_unregister_user(&zspm_user);
	destroy_workqueue(zspm_wq);	/* frees what is left to be freed */
	list_lru_destroy(&zspm_lru);
	kmem_cache_destroy(zspm_object_cache);
}
module_exit(zspm_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("zpool that keeps pages as they are on SPM nodes");
MODULE_ALIAS("zpool-zspm");

#ifdef CONFIG_SPM_KUNIT_TEST
#include "spm/tests/zspm_kunit.h"
#endif
