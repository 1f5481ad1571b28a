/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What drivers that make SPM nodes of device-dax instances share.
 */
#ifndef _SPM_DAX_LIB_H
#define _SPM_DAX_LIB_H

#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/spm.h>

#include "../bus.h"
#include "../dax-private.h"

/**
 * struct spm_dax_driver - a provider whose memory comes from device-dax
 * @dax: driver of the dax bus. The provider sets its probe, and its remove if that is not
 *	spm_dax_remove(). The rest is set by spm_dax_driver_register().
 * @node: the instance's node; NULL if it has none, or none any more
 * @hold: the node is about to be unregistered: true; or it could not be: false. Optional.
 *	Not called in between if @gone is.
 * @gone: there is no node any more, or it does without a provider: undo what probe did
 *
 * All are called under the device lock, and may sleep.
 */
struct spm_dax_driver {
	struct dax_device_driver dax;
	struct spm_node *(*node)(struct dev_dax *dev_dax);
	void (*hold)(struct dev_dax *dev_dax, bool held);
	void (*gone)(struct dev_dax *dev_dax);
};

int __spm_dax_driver_register(struct spm_dax_driver *driver,
			      struct module *module, const char *mod_name);
#define spm_dax_driver_register(driver) \
	__spm_dax_driver_register(driver, THIS_MODULE, KBUILD_MODNAME)
void spm_dax_driver_unregister(struct spm_dax_driver *driver);

int spm_dax_describe(struct dev_dax *dev_dax, struct spm_provider *provider);
struct spm_node *spm_dax_register_node(struct dev_dax *dev_dax,
				       const struct spm_provider *provider);
void spm_dax_clear(const struct memory_notify *mn);
void spm_dax_remove(struct dev_dax *dev_dax);

#endif /* _SPM_DAX_LIB_H */
