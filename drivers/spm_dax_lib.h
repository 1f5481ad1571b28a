/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What drivers that make SPM nodes of device-dax instances share.
 */
#ifndef _SPM_DAX_LIB_H
#define _SPM_DAX_LIB_H

#include <linux/mm.h>
#include <linux/spm.h>

#include "../bus.h"
#include "../dax-private.h"

/**
 * struct spm_dax_driver - a provider whose memory comes from device-dax
 * @dax: driver of the dax bus. The provider sets its probe, the rest is set by
 *	spm_dax_driver_register().
 * @unregister: unregister the instance's node, and undo what probe did. If that
 *	fails, everything is as before. Under the device lock; may sleep. Return:
 *	0, and nothing to do any more, if it was done before; or -errno.
 * @abandon: as @unregister, but it can't fail: see spm_abandon_node(). The instance goes
 *	away afterwards.
 */
struct spm_dax_driver {
	struct dax_device_driver dax;
	int (*unregister)(struct dev_dax *dev_dax);
	void (*abandon)(struct dev_dax *dev_dax);
};

int __spm_dax_driver_register(struct spm_dax_driver *driver,
			      struct module *module, const char *mod_name);
#define spm_dax_driver_register(driver) \
	__spm_dax_driver_register(driver, THIS_MODULE, KBUILD_MODNAME)
void spm_dax_driver_unregister(struct spm_dax_driver *driver);

int spm_dax_describe(struct dev_dax *dev_dax, struct spm_provider *provider);
struct spm_node *spm_dax_register_node(struct dev_dax *dev_dax,
				       const struct spm_provider *provider);

#endif /* _SPM_DAX_LIB_H */
