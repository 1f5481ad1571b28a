# SPDX-License-Identifier: GPL-2.0
"""What the table of each scenario shows."""

from typing import NamedTuple

from .records import Error, demoted, promoted, waited_for_disk
from .units import NOTHING, ratio, show

# Behind a time or a rate of what waited for the swap disk
WAITED = "*"
FAILED = "FAILED"
# Of how many samples a percentile is, at least; of fewer it is the largest of them
ENOUGH = {"p99_ns": 100, "p999_ns": 1000}
# The figures that say how many samples there are
SAMPLES = ("uses", "ios", "ops", "pages")


class Column(NamedTuple):
    """A figure. What it is tells what a slow device does to it, see latency.py."""
    label: str
    key: str
    unit: str = ""
    kind: str = ""      # "out", "mean", "percentile": time; "rate"; else neither
    per: str = ""       # the figure is a rate, 1e9 over that time

    def value(self, record):
        """None if there is none, or if it is of too few samples"""
        value = record["figures"].get(self.key)
        if self.per:
            return ratio(1e9, value)
        return None if self.of_too_few(record) else value

    def samples(self, record):
        """How many it is of; None if the record doesn't say"""
        figures = record["figures"]
        return next((figures[name] for name in SAMPLES if name in figures), None)

    def of_too_few(self, record):
        wanted = next((n for end, n in ENOUGH.items() if self.key.endswith(end)), 0)
        have = self.samples(record)
        return have is not None and have < wanted

    def show(self, value):
        return show(value, self.unit)

    def marked(self, record, value):
        """As show(), and whether a wait for the swap disk is in it"""
        text = self.show(value)
        return text + WAITED if text != NOTHING and waited_for_disk(record, self.key) else text

    def cell(self, record):
        if record["figures"] is None:
            return FAILED
        return self.marked(record, self.value(record))


class WithoutFault(Column):
    """Share of uses that took no fault"""

    def value(self, record):
        figures = record["figures"]
        faults = ratio(figures.get("faults"), figures.get("uses"))
        return None if faults is None else 1 - faults


class OfCalls(Column):
    """Of tail: a time of each use, or of each call that pushed pages out, as its case says"""

    def samples(self, record):
        if "rounds" not in record["figures"]:
            return None
        uses = record["figures"]["pages"] * record["figures"]["rounds"]
        if not self.key.startswith("out_") or not record["case"].endswith("at a time"):
            return uses
        return uses // int(record["case"].split()[0])


FIO = [Column("IOPS", "iops", kind="rate"), Column("mean, us", "mean_ns", "us", "mean"),
       Column("p50, us", "p50_ns", "us", "percentile"),
       Column("p99, us", "p99_ns", "us", "percentile"),
       Column("p99.9, us", "p999_ns", "us", "percentile")]
USES = [Column("use: mean", "in_mean_ns", kind="mean"),
        Column("p50", "in_p50_ns", kind="percentile"),
        Column("p99", "in_p99_ns", kind="percentile"),
        Column("p99.9", "in_p999_ns", kind="percentile")]
PAGES = [Column("out", "out_ns", kind="out"), *USES]


class OfClients(Column):
    """A rate of clients that wait for each answer; else it is the client that it is of"""

    def value(self, record):
        return super().value(record) if "mean_ns" in record["figures"] else None


class ServerTime(Column):
    """CPU time of the cgroup for an operation"""

    def value(self, record):
        counters = record["counters"]
        return ratio(1000 * (counters["system_us"] + counters["user_us"]),
                     record["figures"].get("ops"))


READS = [Column("uses/s", "use_ns", kind="rate", per="use_ns"),
         WithoutFault("without a fault, %", "faults", "%"),
         Column("p50", "p50_ns", kind="percentile"),
         Column("p99", "p99_ns", kind="percentile"),
         Column("p99.9", "p999_ns", kind="percentile")]
REQUESTS = [OfClients("requests/s", "ops_s", kind="rate"),
            ServerTime("CPU for each, us", "", "us"), Column("mean, us", "mean_ns", "us"),
            Column("p50, us", "p50_ns", "us", "percentile"),
            Column("p99, us", "p99_ns", "us", "percentile")]
# By phase: what contention counts for a page
CONTENTION = [Column(f"{phase}: {label}", f"{phase}_{key}", unit)
              for phase in ("out", "use")
              for label, key, unit in (
                  ("atomics", "locked", "times"),
                  ("locks taken", "locks", "times"), ("shared writes", "shared", "times"),
                  ("IPIs", "ipis", "times"))]
# By step, and what the device did meanwhile
TAIL = [OfCalls(f"{step}: {label}", f"{step}_{key}_ns")
        for step in ("out", "use")
        for label, key in (("p50", "p50"), ("p99.9", "p999"), ("longest", "max"))] + [
            Column("refused, pages", "refused"), Column("left, pages", "left"),
            Column("trimmed, pages", "trimmed")]

COMPILERS = [Column("CPU, s", "cpu_s", "s", "mean"), Column("elapsed, s", "elapsed_s", "s")]
COLUMNS = {
    "contention": CONTENTION, "tail": TAIL,
    "pages": PAGES, "scaling": PAGES, "profile": PAGES, "huge": PAGES, "uncharged": PAGES,
    "contents": [Column("lz4's ratio", "lz4_ratio", "times"), *PAGES],
    "mmap-read": FIO, "mmap-write": FIO, "mix": FIO, "verify": FIO,
    "stress-vm": [Column("bogo ops/s", "ops_s", kind="rate")],
    "stress-pageswap": [Column("bogo ops/s", "ops_s", kind="rate")],
    "store-only": [Column("write, a page", "write_ns", kind="mean"),
                   Column("free, a page", "free_ns")],
    "read-mostly": READS, "hot-reads": READS,
    "outrun": [Column("ratio", "ratio", "times"), Column("lacks, MiB", "lacks_bytes", "MiB"),
               Column("stopped after, ms", "stopped_ns", "ms"),
               Column("over the mark, KiB", "over_bytes", "KiB"),
               Column("of, KiB", "mark_bytes", "KiB"),
               Column("refused", "refused_budget"), Column("wrong", "wrong")],
    "redis": REQUESTS, "postgres": REQUESTS,
    "kbuild": COMPILERS, "kernel": COMPILERS,
    "write-storm": [Column("writes/s", "use_ns", kind="rate", per="use_ns"), *USES],
}


def columns_of(scenario):
    """A scenario that nobody described shows no figures, only counters."""
    return COLUMNS.get(scenario, [])


def column_of(scenario, key):
    for column in columns_of(scenario):
        if column.key == key:
            return column
    raise Error(f"the table of {scenario} has no {key}")


def kept(counters):
    """Share of the demoted pages that no write has brought back within ten seconds"""
    undone = ratio(counters.get("all_undone"), counters.get("all_demoted"))
    return None if undone is None else 1 - undone


# Of the DRAM that a peer may have in all; with more, the row has the mark.
TOO_MUCH = 1.03
MORE_DRAM = "!"


def most_dram(counters):
    """The most that it had at a time, and the mark, if that was too much"""
    allowed, peak = counters.get("dram_bytes"), counters.get("dram_peak_bytes")
    text = show(peak, "MiB")
    return text + MORE_DRAM if allowed and peak and peak > TOO_MUCH * allowed else text


# And what the kernel counted meanwhile: what people who run zswap ask for
COUNTERS = [
    ("sys, s", lambda c: show(c["system_us"], "s of us")),
    ("zswpin", lambda c: show(c["zswpin"])), ("zswpout", lambda c: show(c["zswpout"])),
    ("zswpwb", lambda c: show(c["zswpwb"])),
    ("pswpin", lambda c: show(c["pswpin"])), ("pswpout", lambda c: show(c["pswpout"])),
    ("majfault", lambda c: show(c["pgmajfault"])),
    ("demoted", lambda c: show(demoted(c))), ("promoted", lambda c: show(promoted(c))),
    ("kept 10 s, %", lambda c: show(kept(c), "%")),
    ("pool MiB", lambda c: show(c["pool_bytes"], "MiB")),
    ("SPM MiB", lambda c: show(c["spm_bytes"], "MiB")),
    ("limit MiB", lambda c: show(c.get("limit_bytes"), "MiB")),
    ("DRAM MiB", lambda c: show(c.get("dram_bytes"), "MiB")), ("most", most_dram),
    ("PSI some, ms", lambda c: show(c["psi_some_us"], "ms of us")),
    ("full, ms", lambda c: show(c["psi_full_us"], "ms of us")),
    ("poisoned", lambda c: show(c["poisoned"])),
    ("OOM kills", lambda c: show(c["oom_kills"])),
]
