# SPDX-License-Identifier: GPL-2.0
"""Beside what is published of engines that compress for the CPU."""

from . import layout
from .columns import column_of
from .latency import DELAYS, NOT_KNOWN, paid
from .records import find
from .units import NOTHING

BATCHES = ("IAA, [patches to batch, version 6]"
           "(http://mail.spinics.net/lists/linux-crypto/msg85180.html)")
QAT = "QAT, [IEEE CAL 24(1), 2025](https://doi.org/10.1109/LCA.2025.3534831)"


def both(records, scenario, case):
    """zspm's record, and that of compression by the CPU; None if one has no figures"""
    found = [find(records, scenario, peer, case) for peer in ("zspm", "zsmalloc+lz4")]
    return found if all(r and r["figures"] for r in found) else None


def compared(records, scenario, case, field, delay, show):
    """What show() says of a figure of both, with a device that takes so long for a line"""
    found = both(records, scenario, case)
    if not found:
        return NOTHING
    ours, theirs = (paid(r, column_of(scenario, field), delay, False) for r in found)
    return show(ours, theirs) if ours and theirs else NOT_KNOWN


def throughput(records, delay):
    """How much more IOPS zspm has"""
    return compared(records, "mix", "60 % zeroes", "iops", delay,
                    lambda ours, theirs: f"{ours / theirs - 1:+.1%}")


def system_time(records, delay):
    """How much less time zspm takes in the kernel; a wait for a device is in no counter"""
    found = both(records, "mix", "60 % zeroes")
    if not found or not found[1]["counters"]["system_us"]:
        return NOTHING
    ours, theirs = (r["counters"]["system_us"] for r in found)
    return NOT_KNOWN if delay else f"{ours / theirs - 1:+.1%}"


def tail(records, delay):
    """How much longer redis' p99 is if the CPU compresses"""
    return compared(records, "redis", "GET", "p99_ns", delay,
                    lambda ours, theirs: f"{theirs / ours:.1f} times")


# Whose, of what work, what, what is published, what is ours, and of what work
ROWS = [
    (BATCHES, "usemem, 30 processes, folios of 64 KiB", "throughput: pages of a folio at once, "
     "instead of one by one", "+59.1 %", throughput, "fio's mix: IOPS of zspm, to zsmalloc + lz4"),
    (BATCHES, "the same", "system time: the same", "-36.2 %", system_time,
     "fio's mix: system time of zspm, to zsmalloc + lz4"),
    (QAT, "redis beside what is compressed", "tail: by the CPU, instead of not compressing",
     "3.2 to 12.1 times", tail, "redis: p99 of zsmalloc + lz4, to zspm"),
    (QAT, "the same", "tail: by QAT, instead of not compressing", "not notably longer",
     lambda records, delay: NOTHING, NOTHING),
]


def table(records):
    """In Markdown; nothing if nothing like it was measured"""
    if not any(both(records, *work) for work in (("mix", "60 % zeroes"), ("redis", "GET"))):
        return []
    rows = [[whose, work, what, published, ours_is,
             *(ours(records, delay) for delay in (0, DELAYS[0]))]
            for whose, work, what, published, ours, ours_is in ROWS]
    return layout.markdown(["engine, source", "work", "what", "published", "here", "0 ns",
                            f"{DELAYS[0]} ns, each line"], rows)
