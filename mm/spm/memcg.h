/* SPDX-License-Identifier: GPL-2.0 */
/* What a cgroup allows; for users of SPM see linux/spm.h */
#ifndef _SPM_MEMCG_H
#define _SPM_MEMCG_H

#include <linux/swap.h>
#include <linux/types.h>

struct folio;
struct mem_cgroup;

/**
 * struct spm_turns - cgroups that give pages in turn
 * @root: they are this one and all below it; NULL: all
 * @last: whose turn it was last, with a reference; NULL: the first one's is next
 *
 * Not locked: it belongs to who moves the pages.
 */
struct spm_turns {
	struct mem_cgroup *root;
	struct mem_cgroup *last;
};

/* Have a cgroup (NULL without CONFIG_MEMCG) give up to @nr pages. Return: how many. */
typedef unsigned long (*spm_give_fn)(struct mem_cgroup *memcg, unsigned long nr,
				     void *arg);

#ifdef CONFIG_MEMCG
long spm_memcg_swap_slots(struct mem_cgroup *memcg);
unsigned long spm_turns_go_on(struct spm_turns *turns, unsigned long nr,
			      spm_give_fn give, void *arg);
void spm_turns_let_go(struct spm_turns *turns);
void spm_turns_end(struct spm_turns *turns);
#else
static inline long spm_memcg_swap_slots(struct mem_cgroup *memcg)
{
	return get_nr_swap_pages();
}

static inline unsigned long spm_turns_go_on(struct spm_turns *turns,
					    unsigned long nr, spm_give_fn give,
					    void *arg)
{
	return give(NULL, nr, arg);
}

static inline void spm_turns_let_go(struct spm_turns *turns)
{
}

static inline void spm_turns_end(struct spm_turns *turns)
{
}
#endif

#if defined(CONFIG_SPM_MAPPED) && defined(CONFIG_MEMCG)
bool spm_memcg_may_demote(struct folio *folio);
bool spm_memcg_open(struct mem_cgroup *memcg);
bool spm_memcg_may_promote(struct folio *folio);
bool spm_memcg_may_promote_unasked(struct folio *folio);
void spm_memcg_make_room(struct mem_cgroup *memcg, unsigned long nr);
int spm_charge_folio(struct folio *folio);
void spm_uncharge_folio(struct folio *folio);
#else
static inline bool spm_memcg_may_demote(struct folio *folio)
{
	return true;
}

static inline bool spm_memcg_open(struct mem_cgroup *memcg)
{
	return true;
}

static inline bool spm_memcg_may_promote(struct folio *folio)
{
	return true;
}

static inline bool spm_memcg_may_promote_unasked(struct folio *folio)
{
	return true;
}

static inline void spm_memcg_make_room(struct mem_cgroup *memcg, unsigned long nr)
{
}

static inline int spm_charge_folio(struct folio *folio)
{
	return 0;
}

static inline void spm_uncharge_folio(struct folio *folio)
{
}
#endif

#endif /* _SPM_MEMCG_H */
