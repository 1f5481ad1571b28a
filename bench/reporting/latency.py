# SPDX-License-Identifier: GPL-2.0
"""What becomes of the figures if the device takes its time; Documentation/bench/method.rst
states the model. The VM's SPM is as fast as DRAM, so all of this is computed."""

from typing import NamedTuple

from . import layout
from .columns import column_of, columns_of
from .records import best_software, demoted, figure, find, of_scenario, promoted
from .units import LINES, SPM_PEERS, TIERS, name, ratio, show

DELAYS = (250, 1000)    # ns
# Delay, whether the CPU prefetches, and the name of the column
MODELS = [(0, False, "0 ns")] + [
    (delay, prefetch, f"{delay} ns, {'prefetch' if prefetch else 'each line'}")
    for delay in DELAYS for prefetch in (True, False)]
# Instructions that a CPU does in a nanosecond: one, as the VM's clock has it, and about as many as
# CPUs of today do. Such a one takes a third of the time for them, and as long to wait.
INSTRUCTIONS = (1, 3)
NOT_KNOWN = "not known"
ON_DEVICE = (*SPM_PEERS, *TIERS)
# What is not on a device doesn't change; one of these is there to compare with.
COMPARED = ("zsmalloc+lz4", *ON_DEVICE)
# What is put out there is never read again, by construction.
NEVER_READ = ("store-only",)


class Touched(NamedTuple):
    """What an operation touches of the device: lines, and how often it has to wait for one
    that no prefetch has brought"""
    lines: float
    waits: float

    def delay(self, each, prefetch):
        return each * (self.waits if prefetch else self.lines)


NOTHING = Touched(0, 0)
A_PAGE = Touched(LINES, 1)


def moved(record):
    """Pages that the CPU copied to the device or from it"""
    counters, peer, pages = record["counters"], record["peer"], 0
    if "zspm" in peer:
        pages += counters["zswpin"] + counters["zswpout"] + counters["zswpwb"]
    if "mapped" in peer or peer in TIERS:
        pages += demoted(counters) + promoted(counters)
    return pages


def all_went_out(record):
    """Did the device get each page in each round, as pageio means them to?"""
    figures, counters = record["figures"], record["counters"]
    wanted = figures["pages"] * figures["rounds"]
    went = counters["zswpout"] if "zspm" in record["peer"] else demoted(counters)
    return went >= 0.99 * wanted and not counters["pswpout"]


def touched_of_page(record, column):
    """pageio: each page goes out, and each is used once."""
    figures = record["figures"]
    if not all_went_out(record):
        return None
    if column.kind == "out" or record["peer"] == "zspm" or figures["use_writes"]:
        return A_PAGE
    return Touched(figures["use_lines"], 1)


def touched_of_mix(record):
    """readmix counts what it finds on the device, and what moved meanwhile."""
    figures = record["figures"]
    waits = (figures["in_place"] + figures["moved"]) / figures["uses"]
    return Touched(LINES * waits, waits)


def operations(record):
    """How many the figure is the mean of"""
    figures = record["figures"]
    if "cpu_s" in figures:
        return 1
    return figures.get("ios") or figures.get("ops") or figures.get("pages")


def touched(record, column):
    """By one operation; None if that is not known"""
    figures, peer = record["figures"], record["peer"]
    if peer not in ON_DEVICE:
        return NOTHING
    if "use_lines" in figures:
        return touched_of_page(record, column)
    if column.kind == "percentile":
        return None
    if "in_place" in figures:
        return touched_of_mix(record)
    if peer != "zspm" and record["scenario"] not in NEVER_READ:
        return None
    pages = ratio(moved(record), operations(record))
    return None if pages is None else Touched(LINES * pages, pages)


def measured_with(record, column, delay, prefetch):
    """readmix adds up for each use what it touched, and takes percentiles then."""
    return record["figures"].get(f"{column.key}_{delay}_{'page' if prefetch else 'line'}")


def paid(record, column, delay, prefetch):
    """A column's value with such a device; None if that is not known"""
    value = column.value(record)
    if value is None or not delay:
        return value
    ready = measured_with(record, column, delay, prefetch)
    if ready is not None and column.kind == "percentile" and record["peer"] in ON_DEVICE:
        return ready
    by = touched(record, column)
    if by is None:
        return None
    wait = by.delay(delay, prefetch)
    if column.kind == "rate":
        return ratio(1e9, 1e9 / value + wait) if value else value
    return value + (wait / 1e9 if column.unit == "s" else wait)


def rows_of(records, scenario):
    """Of all peers that are compared; nothing if the scenario has none of the device"""
    compared = [r for r in of_scenario(records, scenario)
                if r["figures"] and r["peer"] in COMPARED]
    if not any(r["peer"] in ON_DEVICE for r in compared):
        return []
    rows = []
    for record in compared:
        for column in columns_of(scenario):
            if not column.kind or column.value(record) is None:
                continue
            values = [paid(record, column, delay, prefetch) for delay, prefetch, _ in MODELS]
            rows.append([name(record["peer"]), record["case"], column.label,
                         *(NOT_KNOWN if v is None else column.marked(record, v) for v in values)])
    return rows


def table(records, scenario):
    """In Markdown"""
    return layout.markdown(["", "", "", *(label for _, _, label in MODELS)],
                           rows_of(records, scenario))


# ---- Up to which latency zspm pays ----

# Scenario, the case with the same DRAM, figure, and what it is
COMPARED_BY = [
    ("mmap-read", "60 % zeroes", "iops", "fio: read, IOPS"),
    ("mmap-write", "60 % zeroes", "iops", "fio: write, IOPS"),
    ("mix", "60 % zeroes", "iops", "fio: 70 % reads, IOPS"),
    ("redis", "GET", "ops_s", "redis: GET/s"),
    ("postgres", "read", "ops_s", "PostgreSQL: reads/s"),
    ("kbuild", "2 at once", "cpu_s", "kernel: CPU time"),
]
EQUAL_MEMORY = "equal memory"


def pays_up_to(records, scenario, case, key, other, prefetch, instructions=1):
    """ns that a CPU of so many instructions a nanosecond may wait for a line, until zspm is no
    better than the best that compresses by the CPU is in the other case; below 0: it never is.
    And that peer. None if not known"""
    most = key != "cpu_s"
    best = best_software(records, scenario, other, key, most)
    record = find(records, scenario, "zspm", case)
    ours, theirs = figure(record, key), figure(best, key)
    if not ours or not theirs:
        return None
    column = column_of(scenario, key)
    by = touched(record, column)
    if by is None or not by.lines:
        return None
    slower = 1e9 / theirs - 1e9 / ours if column.kind == "rate" else (theirs - ours) * 1e9
    return slower / instructions / (by.waits if prefetch else by.lines), best["peer"]


def pays_cells(records, scenario, case, key, other):
    found = [pays_up_to(records, scenario, case, key, other, prefetch, instructions)
             for instructions in INSTRUCTIONS for prefetch in (True, False)]
    if None in found:
        return None
    return [name(found[0][1]), *(show(ns) if ns > 0 else "never" for ns, _ in found)]


def of_cpu(instructions):
    return f"{instructions} instruction{'s' if instructions > 1 else ''} a ns"


def pays_up_to_table(records):
    """In Markdown"""
    rows = []
    for scenario, case, key, text in COMPARED_BY:
        for other, memory in ((case, "the same DRAM"), (EQUAL_MEMORY, "as much memory in all")):
            cells = pays_cells(records, scenario, case, key, other)
            if cells:
                rows.append([text, memory, *cells])
    return layout.markdown(["", "the best peer has", "the best peer",
                            *(f"{of_cpu(instructions)}: ns, {what}" for instructions in INSTRUCTIONS
                              for what in ("prefetch", "each line"))], rows)


# ---- When mapped mode stops paying ----

# Where the cost of a page that goes out and comes back is taken from: the first that has it
ROUND_TRIPS = (("contents", "programs"), ("pages", "60 % zeroes"))
OTHERS = ("zspm", "zsmalloc+lz4", "zsmalloc+zstd")


def round_trip(records, peer, delay, prefetch, instructions=1):
    """Time to push a page out and use it again, and the case that this is of"""
    for scenario, case in ROUND_TRIPS:
        record = find(records, scenario, peer, case)
        if figure(record, "out_ns") is None or figure(record, "in_p50_ns") is None:
            continue
        columns = [column_of(scenario, key) for key in ("out_ns", "in_p50_ns")]
        waiting = [paid(record, column, delay, prefetch) for column in columns]
        if None not in waiting:
            working = sum(column.value(record) for column in columns)
            return working / instructions + sum(waiting) - working, f"{scenario}, {case}"
    return None, None


def stops_paying(records, peer, delay, prefetch, instructions=1):
    """Lines read of a mapped page, in the time in which a swapped one would have gone out and
    come back once, from which on the peer takes less; None if not known"""
    cost, _ = round_trip(records, peer, delay, prefetch, instructions)
    if cost is None or not delay:
        return None
    return cost / delay * (LINES if prefetch else 1)


def stops_paying_table(records):
    """In Markdown"""
    rows = []
    for instructions in INSTRUCTIONS:
        for peer in OTHERS:
            cells = [stops_paying(records, peer, delay, prefetch, instructions)
                     for delay, prefetch, _ in MODELS if delay]
            if any(cell is not None for cell in cells):
                rows.append([name(peer), of_cpu(instructions), *(show(cell) for cell in cells)])
    labels = [label for delay, _, label in MODELS if delay]
    return layout.markdown(["instead of", "a CPU of", *labels], rows)
