# SPDX-License-Identifier: GPL-2.0
"""Paragraphs that more than one report has."""

SETTINGS = {
    "server": """\
The machine is set as servers are: MGLRU, huge pages always, NUMA balancing, init_on_alloc=1, and a
swap disk that does not rotate. """,
    "plain": """\
The machine is as the kernel has it by default: the classic LRU, huge pages for who asks for them,
no NUMA balancing, and init_on_alloc=0; with a swap disk that does not rotate. """,
}

SAME = """\
vm.page-cluster=0, which is best for all peers. What is counted by the page is in small pages, but
where it says huge. Data: random bytes and zeroes, 60 % of these, in turn every 256 bytes."""

CLOCKS = {
    "icount": """\
The VM counts instructions: one is one nanosecond of its time. So these figures compare how much
work the CPU has, and repeat on any machine; they know nothing of cache misses, nor of how long a
device takes.""",
    "wall": "Real time, on two CPUs. In a VM without KVM it says little.",
}

PLAIN_SWAP = """\
Plain swap's IOPS and p99 say little: while the CPU waits for the disk, no instructions are counted,
and the VM's clock jumps ahead to the next timer. Its CPU time and its counters are right."""

WAITED = """\
Behind a time or a rate, * is of work that waited for the swap disk, for over one page in a hundred:
the VM's clock jumps ahead to the next timer then, so that such a figure says little. What
compresses sends pages there that do not compress."""

LATENCY = """\
The same figures if the CPU waits 250 ns, or 1 us, for each line of the device that a task or the
kernel touches: lines that are read in place, and the 64 of each page that is copied to the device
or from it. "prefetch": it waits for the first line of such a page only. What was not counted is
"not known". Documentation/bench/method.rst states the model."""

PAYS_UP_TO = """\
How long the CPU may wait for the device, until zspm is no better than the best peer that compresses
with the CPU: for each page that it copies ("prefetch"), or for each of its 64 lines ("each line").
The peer has the same DRAM, or as much memory in all: as much DRAM more as the device takes."""

STOPS_PAYING = """\
From how many lines on, read of a page in the time in which a swapped one would have come back and
gone out again once, it takes less time to swap it than to read it in place. "prefetch" is for whole
pages that are read from the first line to the last, "each line" for lines at random."""

CONTENTION = """\
For a page, on 1, 2, 4 and 8 CPUs, a thread each, in the kernel: atomics, which are instructions
that lock the bus; those of them that take a lock; writes to a line of 64 bytes that
another CPU has written to while pages were pushed out, or used; and interrupts from other CPUs.
Counted by a plugin of QEMU, with all CPUs of the VM on the host's. How long CPUs wait for each
other is not known."""

STUDY = """\
The study has measured time on a machine, this is instructions of a VM, in microseconds of its
clock, so what compares is the order of magnitude and what the parts are. A dash: the study, or this
report, has no such figure; a write fault here migrates nothing. Demotions are one call for so many
pages."""

PROFILE = """\
Instructions for a page, by function of the kernel; inlined ones count where they are. Counted by a
plugin of QEMU, not sampled. Of the round trip through the page fault, all of it is here, also what
the CPU does to take the fault and to return."""
