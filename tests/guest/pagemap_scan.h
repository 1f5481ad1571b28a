/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel tells of a task's pages, by PAGEMAP_SCAN; newer than Debian 12's headers
 */
#ifndef PAGEMAP_SCAN_H
#define PAGEMAP_SCAN_H

#include <linux/fs.h>
#include <linux/types.h>
#include <sys/ioctl.h>

#ifndef PAGEMAP_SCAN
struct page_region {
	__u64 start;
	__u64 end;
	__u64 categories;
};

struct pm_scan_arg {
	__u64 size;
	__u64 flags;
	__u64 start;
	__u64 end;
	__u64 walk_end;
	__u64 vec;
	__u64 vec_len;
	__u64 max_pages;
	__u64 category_inverted;
	__u64 category_mask;
	__u64 category_anyof_mask;
	__u64 return_mask;
};

#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_WRITTEN 0x2
#define PAGE_IS_HUGE 0x40
#define PM_SCAN_WP_MATCHING 0x1
#define PM_SCAN_CHECK_WPASYNC 0x2
#endif

#endif /* PAGEMAP_SCAN_H */
