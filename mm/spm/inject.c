// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that tests have happen: an allocation that finds nothing, and a copy that a
 * machine check ends. See Documentation/fault-injection/fault-injection.rst.
 */
#include <linux/fault-inject.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "inject.h"

static DECLARE_FAULT_ATTR(fail_spm_alloc);
static DECLARE_FAULT_ATTR(fail_spm_copy);

static int __init spm_inject_alloc_setup(char *str)
{
	return setup_fault_attr(&fail_spm_alloc, str);
}
__setup("fail_spm_alloc=", spm_inject_alloc_setup);

static int __init spm_inject_copy_setup(char *str)
{
	return setup_fault_attr(&fail_spm_copy, str);
}
__setup("fail_spm_copy=", spm_inject_copy_setup);

/**
 * spm_inject_alloc() - is there to be no page?
 *
 * Context: Any.
 * Return: true if so.
 */
bool spm_inject_alloc(void)
{
	return should_fail(&fail_spm_alloc, PAGE_SIZE);
}

/**
 * spm_inject_copy() - is there to have been a machine check in a copy?
 * @to: page that it was copied to
 * @from: page that it was copied from; one of them is on an SPM node
 *
 * If so, half of @to is not what was in @from, and @from is poisoned soon, as with one
 * that hardware raises.
 *
 * Context: Any.
 * Return: number of bytes that were not copied.
 */
unsigned long spm_inject_copy(struct page *to, struct page *from)
{
	const unsigned int half = PAGE_SIZE / 2;

	if (!should_fail(&fail_spm_copy, PAGE_SIZE))
		return 0;
	memset_page(to, half, 0xa5, half);
	memory_failure_queue(page_to_pfn(from), 0);
	return half;
}

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
/**
 * spm_inject_debugfs_init() - let debugfs control fault injection
 * @dir: the directory of SPM
 */
void spm_inject_debugfs_init(struct dentry *dir)
{
	fault_create_debugfs_attr("fail_alloc", dir, &fail_spm_alloc);
	fault_create_debugfs_attr("fail_copy", dir, &fail_spm_copy);
}
#endif
