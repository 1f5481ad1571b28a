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
Behind a time or a rate, * is of work that waited for the swap disk: the VM's clock jumps ahead to
the next timer then, so that such a figure says little. A single page spoils a mean, a rate, a
99.9th percentile, the longest and elapsed time; what a page costs to push out, a median and a 99th
percentile have the mark if over one in a hundred of the pages that moved were the disk's. CPU time
never has it. What compresses sends pages there that do not compress. A percentile that is of too
few samples to be anything but the largest is not shown: p99 needs 100 of them, p99.9 1,000."""

DRAM = """\
"DRAM MiB" is what a peer may have of DRAM in all, what it has stored there compressed included, and
"most" the most that it had at a time: with ! if that was over 3 % more, which flatters the peer.
"limit MiB" is memory.max of its group, which is lower where Linux does not charge all of that."""

SOURCES = """\
The command that has measured it, and the commit and the day of that. What was measured twice is the
last one's."""

LATENCY = """\
The same figures if the CPU waits 250 ns, or 1 us, for each line of the device that a task or the
kernel touches: lines that are read in place, and the 64 of each page that is copied to the device
or from it. "prefetch": it waits for the first line of such a page only. What was not counted is
"not known". Documentation/bench/method.rst states the model. It adds nanoseconds to instructions
that count as one nanosecond each. A CPU of today does about three in that time, so on it the wait
is more of the whole than these columns say: they flatter the device."""

PAYS_UP_TO = """\
How long the CPU may wait for the device, until zspm is no better than the best peer that
compresses with the CPU: for each page that it copies ("prefetch"), or for each of its 64 lines
("each line"). The peer has the same DRAM, or as much memory in all: as much DRAM more as the
device takes. "1 instruction a ns" is the VM's clock; a CPU that does 3 in that time compresses in
a third of the time, so the device may take a third of the latency only."""

STOPS_PAYING = """\
From how many lines on, read of a page in the time in which a swapped one would have come back and
gone out again once, it takes less time to swap it than to read it in place. "prefetch" is for
whole pages that are read from the first line to the last, "each line" for lines at random. "1
instruction a ns" is the VM's clock; a CPU that does 3 in that time swaps faster, but for what it
waits."""

CONTENTION = """\
For a page, on 1, 2, 4 and 8 CPUs, a thread each, in the kernel: atomics, which are instructions
that lock the bus; those of them that take a lock; writes to a line of 64 bytes that
another CPU has written to while pages were pushed out, or used; and interrupts from other CPUs.
Counted by a plugin of QEMU, with all CPUs of the VM on the host's. How long CPUs wait for each
other is not known."""

STUDY = """\
The study's figures are as the project's issue 18 gives them, which names no publication: "the
independent study of 2026 of the upstream proposal". It has measured time on a machine, this is
instructions of a VM, in microseconds of its clock, so what compares is the order of magnitude and
what the parts are. A dash: the study, or this report, has no such figure; a write fault here
migrates nothing. Demotions are one call for so many pages."""

ACCELERATORS = """\
None of these engines is here to be measured, and the work is not the same: what is published of
them, to have an idea, and what is most like it in this report."""

COMPARED = """\
The same work, twice. Not compared is what the last table names, and what is missing, or differs
with no reason that is known, is what the aim counts."""

SLICES = """\
One CPU has all threads. A use during which the CPU went to another thread has that one's time
slice in it. So with several threads the mean is a multiple of the median, and it is the median
that says what a page costs."""

NOTES = {
    "tail": """\
Of each use, and of each call that pushed out so many pages; all rounds together. Behind that, in
pages, of the whole case with what was pushed out before it: "refused" are stores that the node
turned away (the sum of its files refused_*; where the gate is closed, reclaim does not even try to
demote, so that counts nothing); "left" went from the node to DRAM or to the swap device because it
was short of space (fields 10 and 11 of its mm_stat); "trimmed" were freed, and the device was told
to forget them (field 12), which are fewer than were freed if a trim takes long.""",
    "outrun": """\
A node of 128 MiB, and a device that holds 32 MiB: enough if all compresses 4:1. "ratio" is what the
pages reach there, in the device's units of space, and "lacks" what space it would have to have
besides, to hold a node full of them. The node is empty at first, and a task pushes pages out as fast
as it can, until it takes no more (after 0 ms, if there was room for all); "refused" were turned away
before, as the device had not yet said what those before them take. In the cases with threads the
node has pages of zeroes for the most part, and these write random bytes to all of them.""",
    "scaling": SLICES,
    "write-storm": SLICES,
}

PROFILE = """\
Instructions for a page, by function of the kernel; inlined ones count where they are. Counted by a
plugin of QEMU, not sampled. Of the round trip through the page fault, all of it is here, also what
the CPU does to take the fault and to return, and what reading the clock takes. It is the mean of
all rounds; the table of this scenario has medians of the rounds, which leave out what the first
one alone has to do. So the sum is not that of the table, which is below it."""
