/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM spm

#if !defined(_TRACE_SPM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_SPM_H

#include <linux/mm.h>
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

/* A provider took a node away, or could not; pages that are still in use. */
DEFINE_EVENT(spm_node, spm_unregister,
	TP_PROTO(int nid, unsigned long pages, int rc),
	TP_ARGS(nid, pages, rc)
);

#endif /* _TRACE_SPM_H */

#include <trace/define_trace.h>
