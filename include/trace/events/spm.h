/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM spm

#if !defined(_TRACE_SPM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_SPM_H

#include <linux/mm.h>
#include <linux/spm.h>
#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(spm_folio,
	TP_PROTO(struct folio *folio, int rc),
	TP_ARGS(folio, rc),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(unsigned long, pfn)
		__field(int, rc)
	),

	TP_fast_assign(
		__entry->nid = folio_nid(folio);
		__entry->pfn = folio_pfn(folio);
		__entry->rc = rc;
	),

	TP_printk("nid=%d pfn=%#lx rc=%d",
		  __entry->nid, __entry->pfn, __entry->rc)
);

/* A user stored a page on the node. */
DEFINE_EVENT(spm_folio, spm_store,
	TP_PROTO(struct folio *folio, int rc),
	TP_ARGS(folio, rc)
);

/* A user read a page back, or found that the device has lost it. */
DEFINE_EVENT(spm_folio, spm_load,
	TP_PROTO(struct folio *folio, int rc),
	TP_ARGS(folio, rc)
);

/* A node took no page, and why. */
TRACE_EVENT(spm_refuse,
	TP_PROTO(int nid, const char *reason),
	TP_ARGS(nid, reason),

	TP_STRUCT__entry(
		__field(int, nid)
		__string(reason, reason)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__assign_str(reason);
	),

	TP_printk("nid=%d reason=%s", __entry->nid, __get_str(reason))
);

/* A node's gate changed: may pages be stored, and why not. */
TRACE_EVENT(spm_gate,
	TP_PROTO(int nid, const char *from, const char *to),
	TP_ARGS(nid, from, to),

	TP_STRUCT__entry(
		__field(int, nid)
		__string(from, from)
		__string(to, to)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__assign_str(from);
		__assign_str(to);
	),

	TP_printk("nid=%d from=\"%s\" to=\"%s\"", __entry->nid,
		  __get_str(from), __get_str(to))
);

/* The device told something without being asked. */
TRACE_EVENT(spm_event,
	TP_PROTO(int nid, int event),
	TP_ARGS(nid, event),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, event)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__entry->event = event;
	),

	TP_printk("nid=%d event=%s", __entry->nid,
		  __print_symbolic(__entry->event,
				   { SPM_EVENT_HIGH, "high" },
				   { SPM_EVENT_LOW, "low" },
				   { SPM_EVENT_CAPACITY, "capacity" },
				   { SPM_EVENT_REMOVED, "removed" }))
);

/* Pages were moved off a node that is short of space, to DRAM or the disk. */
TRACE_EVENT(spm_relieve,
	TP_PROTO(int nid, int relief, unsigned long wanted, unsigned long moved),
	TP_ARGS(nid, relief, wanted, moved),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, relief)
		__field(unsigned long, wanted)
		__field(unsigned long, moved)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__entry->relief = relief;
		__entry->wanted = wanted;
		__entry->moved = moved;
	),

	TP_printk("nid=%d to=%s wanted=%lu moved=%lu", __entry->nid,
		  __print_symbolic(__entry->relief,
				   { SPM_PROMOTE, "dram" },
				   { SPM_WRITE_BACK, "swap" }),
		  __entry->wanted, __entry->moved)
);

/* A task's folio was migrated from DRAM to an SPM node. */
TRACE_EVENT(spm_demote,
	TP_PROTO(struct folio *dst, struct folio *src),
	TP_ARGS(dst, src),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, from_nid)
		__field(unsigned long, pfn)
		__field(unsigned long, from_pfn)
		__field(unsigned long, pages)
	),

	TP_fast_assign(
		__entry->nid = folio_nid(dst);
		__entry->from_nid = folio_nid(src);
		__entry->pfn = folio_pfn(dst);
		__entry->from_pfn = folio_pfn(src);
		__entry->pages = folio_nr_pages(dst);
	),

	TP_printk("nid=%d pfn=%#lx from_nid=%d from_pfn=%#lx pages=%lu",
		  __entry->nid, __entry->pfn, __entry->from_nid,
		  __entry->from_pfn, __entry->pages)
);

/* Pages of a task went from an SPM node to DRAM. */
TRACE_EVENT(spm_promote,
	TP_PROTO(int nid, long pages, const char *reason),
	TP_ARGS(nid, pages, reason),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(long, pages)
		__string(reason, reason)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__entry->pages = pages;
		__assign_str(reason);
	),

	TP_printk("nid=%d pages=%ld reason=%s", __entry->nid, __entry->pages,
		  __get_str(reason))
);

DECLARE_EVENT_CLASS(spm_node,
	TP_PROTO(int nid, unsigned long pages, int rc),
	TP_ARGS(nid, pages, rc),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(unsigned long, pages)
		__field(int, rc)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__entry->pages = pages;
		__entry->rc = rc;
	),

	TP_printk("nid=%d pages=%lu rc=%d",
		  __entry->nid, __entry->pages, __entry->rc)
);

/* A provider registered a node of this many pages, or could not. */
DEFINE_EVENT(spm_node, spm_register,
	TP_PROTO(int nid, unsigned long pages, int rc),
	TP_ARGS(nid, pages, rc)
);

/* Everything was to be moved off a node; what that has left, and has looked at. */
TRACE_EVENT(spm_evacuate,
	TP_PROTO(int nid, unsigned long pages, unsigned long looked),
	TP_ARGS(nid, pages, looked),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(unsigned long, pages)
		__field(unsigned long, looked)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__entry->pages = pages;
		__entry->looked = looked;
	),

	TP_printk("nid=%d pages=%lu looked=%lu", __entry->nid, __entry->pages,
		  __entry->looked)
);

/* A provider took a node away, or could not; pages that are still in use. */
DEFINE_EVENT(spm_node, spm_unregister,
	TP_PROTO(int nid, unsigned long pages, int rc),
	TP_ARGS(nid, pages, rc)
);

#endif /* _TRACE_SPM_H */

#include <trace/define_trace.h>
