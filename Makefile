# SPDX-License-Identifier: GPL-2.0

.PHONY: help kernel kernel-debug kernel-off deb demo bench bench-report perf-check test test-vm \
	test-debian selftest check docs series test-series deb-tools test-deb-tools clean distclean

# What can't be, before anything is built. The kernel's own makefiles take a space for the end of
# a path.
ifneq ($(filter-out help,$(MAKECMDGOALS)),)
ifneq ($(words $(CURDIR)),1)
$(error the path of this repository has a space in it, so the kernel can't be built: $(CURDIR))
endif
endif
empty = $(and $(filter command line,$(origin $(1))),$(if $(strip $($(1))),,$(1)))
$(foreach name,ONLY PEERS STAGES PROGRAMS MODES VARIANT CLOCK RUNS,$(if $(call empty,$(name)), \
	$(error $(name)= names nothing; leave it out for all)))

help:
	@echo 'SPM for Linux. Times are for 2 cores without hardware virtualisation.'
	@echo
	@echo '  make demo          see it work, in a virtual machine       2 minutes, plus the kernel;'
	@echo '                     bench/demo --shell: in such a machine, a load, and spmctl watch'
	@echo '  make check         checkpatch, sparse, W=1, kernel-doc, shellcheck    3 minutes'
	@echo '  make docs          Documentation/ as HTML, in build/docs   10 seconds; a part of make check'
	@echo '  make test          every test, in virtual machines         50 minutes, plus both kernels'
	@echo '                     Both must pass; .ci/run does one after the other. Machines are'
	@echo '                     set as servers are, with PLAIN=1 as the test kernel is. With'
	@echo "                     VARIANT=server on Debian's configuration, what is not measured."
	@echo '                     ONLY=mapped or ONLY="@(store|mapped)": these; CHANGED=1: what'
	@echo '                     shows something about what is not committed, by tests/map;'
	@echo '                     CHANGED=main: about what changed since main. LONG=1: also with other'
	@echo '                     sizes and settings, and more often, and the kernel without SPM;'
	@echo '                     half as much again'
	@echo '  make test-vm       does tools/vm lose output? At length     40 minutes; RUNS=20 takes 5'
	@echo '  make selftest      does mapped mode change what selftests  45 minutes, plus the kernel; a part'
	@echo '                     of mm, the kernel'"'"'s own, give?         of it with ONLY=cow; DEBUG=1'
	@echo '  make bench         measure, write the report               two hours; a part of it with'
	@echo '                     ONLY=3,9 PEERS=zspm,lz4; CLOCK=wall; QUICK=1'
	@echo '                     does less, in about 10 minutes'
	@echo '  make bench-report  the report of a whole run to Documentation/bench, and its'
	@echo '                     figures to README, to be committed       a second'
	@echo '  make perf-check    does a step take more instructions?     1 minute'
	@echo
	@echo '  make series        the whole project as patches for linux-mm, in build/series'
	@echo '  make test-series   do these work on their own?             a minute, plus a kernel'
	@echo
	@echo '  make deb-tools     the Debian package spm-tools, in build/deb   1 minute'
	@echo '  make test-deb-tools   does it install, upgrade and go?     2 minutes; 5 at first'
	@echo
	@echo '  make kernel        plain kernel, for demo and bench        8 minutes at first,'
	@echo '  make kernel-debug  test kernel: lockdep, KUnit, kmemleak   15 minutes at first; seconds'
	@echo '  make kernel-off    every SPM option off                    after a change, or 1 if none'
	@echo '  make kernel DEBUG=1   the same as make kernel-debug'
	@echo '  make kernel VARIANT=debian   as Debian configures it, with modules for servers:'
	@echo '                     35 minutes at first; FULL=1 has all modules, takes hours'
	@echo '  make kernel VARIANT=server   the same for the tests        30 minutes at first'
	@echo '  make deb           packages of that, in build/deb          5 minutes, plus the kernel'
	@echo '  make test-debian   these on a Debian 12 system: install,   45 minutes, plus the packages;'
	@echo '                     boot, use, upgrade, purge;              STAGES="install use purge" 25,'
	@echo '                     with CXL devices;                       STAGES=cxl 5,'
	@echo '                     and what people run there, in each mode STAGES=programs 15;'
	@echo '                     a part of it with PROGRAMS="redis gdb" MODES=mapped'
	@echo
	@echo '  make clean         remove objects and logs'
	@echo '  make distclean     remove everything that make made, the unpacked kernel too'
	@echo
	@echo 'The targets build what they need. tools/vm --help tells how to boot a kernel by hand.'

full = $(if $(filter-out 0,$(FULL)),--full)

# DEBUG=1 is another way to say kernel-debug. VARIANT=server; VARIANT=debian, with it FULL=1
kernel:
	@tools/kernel --variant $(or $(VARIANT),$(if $(filter-out 0,$(DEBUG)),debug,plain)) $(full)

kernel-debug:
	@tools/kernel --variant debug

kernel-off:
	@tools/kernel --variant off

deb:
	@tools/kernel --variant debian --deb $(full)

demo: kernel
	@bench/demo

# ONLY=3,9 PEERS=zspm,lz4 QUICK=1 CLOCK=wall. That --list takes them is seen before the kernel
# is built.
run_options = $(if $(ONLY),--only '$(ONLY)') $(if $(PEERS),--peers '$(PEERS)') \
	$(if $(filter-out 0,$(QUICK)),--quick) $(if $(CLOCK),--clock '$(CLOCK)')
bench:
	@bench/run --list $(run_options) >/dev/null
	@$(MAKE) --no-print-directory kernel
	@bench/run $(run_options)

bench-report:
	@bench/report publish build/bench

perf-check: kernel
	@tests/run --only perf

# PLAIN=1, LONG=1, ONLY=mapped, VARIANT=server, CHANGED=1 or CHANGED=COMMIT. tests/run builds
# the kernels.
test:
	@tests/run $(if $(filter-out 0,$(PLAIN)),--plain) $(if $(filter-out 0,$(LONG)),--long) \
		$(if $(ONLY),--only '$(ONLY)') $(if $(VARIANT),--variant '$(VARIANT)') \
		$(if $(filter-out 0,$(CHANGED)),--changed '$(patsubst 1,HEAD,$(CHANGED))')

test-vm:
	@tests/vm-output --list $(if $(RUNS),--runs '$(RUNS)') >/dev/null
	@$(MAKE) --no-print-directory kernel
	@tests/vm-output $(if $(RUNS),--runs '$(RUNS)')

# STAGES='install use purge cxl programs' PROGRAMS='redis gdb' MODES='zspm mapped both'
debian_options = $(if $(STAGES),--stages '$(STAGES)') $(if $(PROGRAMS),--programs '$(PROGRAMS)') \
	$(if $(MODES),--modes '$(MODES)')
test-debian:
	@tests/debian --list $(debian_options) >/dev/null
	@$(MAKE) --no-print-directory deb deb-tools
	@tests/debian $(debian_options)

# ONLY=cow DEBUG=1
selftest:
	@tests/selftest $(if $(ONLY),--only '$(ONLY)') $(if $(filter-out 0,$(DEBUG)),--variant debug)

check:
	@tools/check

docs:
	@tools/docs

series:
	@tools/series

test-series:
	@tests/series

deb-tools:
	@tools/deb-tools

test-deb-tools:
	@tests/deb-tools

clean:
	rm -rf build/out-* build/log build/vm build/series-tree/out* build/selftest build/spmctl build/deb

distclean:
	rm -rf build
