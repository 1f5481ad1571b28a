# SPDX-License-Identifier: GPL-2.0
#
# Two files in one. The kernel sees this repository as its directory spm/ and
# reads the first part; typing make here reads the second.

ifneq ($(and $(srctree),$(obj)),)

obj-$(CONFIG_SPM) += mm/ drivers/
obj-$(CONFIG_SPM_KUNIT_TEST) += tests/kunit/

else

.PHONY: help kernel kernel-debug kernel-off demo bench test check clean distclean

help:
	@echo 'SPM for Linux. Times are for 2 cores without hardware virtualisation.'
	@echo
	@echo '  make demo          see it work, in a virtual machine       1 minute, plus the kernel'
	@echo '  make test          every test, in virtual machines         minutes, plus both kernels'
	@echo '  make bench         measure, write the report               an hour'
	@echo '  make check         checkpatch, sparse, W=1, kernel-doc, shellcheck    2 minutes'
	@echo
	@echo '  make kernel        plain kernel, for demo and bench        8 minutes at first,'
	@echo '  make kernel-debug  test kernel: lockdep, KUnit, kmemleak   seconds after a change,'
	@echo '  make kernel-off    every SPM option off                    1 second when nothing changed'
	@echo
	@echo '  make clean         remove objects and logs'
	@echo '  make distclean     remove everything that make made, the unpacked kernel too'
	@echo
	@echo 'The targets build what they need. tools/vm --help tells how to boot a kernel by hand.'

kernel:
	@tools/kernel --variant plain

kernel-debug:
	@tools/kernel --variant debug

kernel-off:
	@tools/kernel --variant off

demo: kernel
	@bench/demo

bench: kernel
	@bench/run

test: kernel kernel-debug
	@tests/run

check:
	@tools/check

clean:
	rm -rf build/out-* build/log build/vm

distclean:
	rm -rf build

endif
