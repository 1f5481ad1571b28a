# SPDX-License-Identifier: GPL-2.0
"""Beside what an independent study of 2026 has found of the upstream proposal."""

from . import layout
from .latency import A_PAGE, DELAYS
from .records import figure, find
from .units import NOTHING, show

# By which functions a page is copied when a write brings it to DRAM
COPIES = ("copy_mc", "copy_page", "memcpy")


def tail(records, peer, case, key):
    return figure(find(records, "tail", peer, case), key)


def copy_of_a_fault(records):
    """Instructions, by the profile of mapped mode's write faults"""
    record = find(records, "profile", "mapped", "60 % zeroes, written")
    functions = (record or {}).get("functions", {}).get("use")
    if not functions:
        return None
    return sum(count for name, count in functions.items() if name.startswith(COPIES))


# What, what the study says, how ours is found, and how many pages that moves
ROWS = [
    ("a write fault, p50", "64 us", lambda r: tail(r, "mapped", "1 at a time", "use_p50_ns"), 1),
    ("a write fault, p99.9", NOTHING, lambda r: tail(r, "mapped", "1 at a time", "use_p999_ns"), 1),
    ("of it, migration", "49 us", lambda r: None, 0),
    ("of it, the copy", "1.4 us", copy_of_a_fault, 1),
    ("demote 1 page", NOTHING, lambda r: tail(r, "mapped", "1 at a time", "out_p50_ns"), 1),
    ("demote 16 pages", NOTHING, lambda r: tail(r, "mapped", "16 at a time", "out_p50_ns"), 16),
    ("demote 256 pages", NOTHING, lambda r: tail(r, "mapped", "256 at a time", "out_p50_ns"), 256),
    ("longest demotion while trims take 15 ms", "a trim: 15 ms",
     lambda r: tail(r, "mapped", "trims of 15 ms", "out_max_ns"), 1),
    ("longest write fault while trims take 15 ms", NOTHING,
     lambda r: tail(r, "mapped", "trims of 15 ms", "use_max_ns"), 1),
]


def cells(value, pages):
    """With no delay, and with those of the model, each line"""
    if value is None:
        return [NOTHING] * (1 + len(DELAYS))
    return [show(value + pages * A_PAGE.delay(delay, False), "us") for delay in (0, *DELAYS)]


def table(records):
    """In Markdown; nothing if nothing of it was measured"""
    rows = [[what, theirs, *cells(ours(records), pages)] for what, theirs, ours, pages in ROWS]
    if all(row[2] == NOTHING for row in rows):
        return []
    return layout.markdown(["", "the study, measured", "here, us: 0 ns",
                            *(f"{delay:,} ns, each line" for delay in DELAYS)], rows)
