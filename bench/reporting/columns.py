# SPDX-License-Identifier: GPL-2.0
"""What the table of each scenario shows."""

from typing import NamedTuple

from .records import waited_for_disk
from .units import ratio, show

# Behind a time or a rate of what waited for the swap disk
WAITED = "*"


class Column(NamedTuple):
    """A figure. What it is tells what a slow device does to it, see latency.py."""
    label: str
    key: str
    unit: str = ""
    kind: str = ""      # "out", "mean", "percentile": time; "rate"; else neither
    per: str = ""       # the figure is a rate, 1e9 over that time

    def value(self, figures):
        """None if there is none"""
        value = figures.get(self.key)
        if self.per:
            return ratio(1e9, value)
        return value

    def show(self, value):
        return show(value, self.unit)

    def cell(self, record):
        if record["figures"] is None:
            return "FAILED"
        value = self.value(record["figures"])
        mark = WAITED if self.kind and value is not None and waited_for_disk(record) else ""
        return self.show(value) + mark


class WithoutFault(Column):
    """Share of uses that took no fault"""

    def value(self, figures):
        faults = ratio(figures.get("faults"), figures.get("uses"))
        return None if faults is None else 1 - faults


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

    def value(self, figures):
        return super().value(figures) if "mean_ns" in figures else None


class ServerTime(Column):
    """CPU time of the cgroup for an operation"""

    def cell(self, record):
        if record["figures"] is None:
            return "FAILED"
        counters = record["counters"]
        return self.show(ratio(1000 * (counters["system_us"] + counters["user_us"]),
                               record["figures"].get("ops")))


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
TAIL = [Column(f"{step}: {label}", f"{step}_{key}_ns")
        for step in ("out", "use")
        for label, key in (("p50", "p50"), ("p99.9", "p999"), ("longest", "max"))] + [
            Column("refused", "refused"), Column("left", "left"), Column("trimmed", "trimmed")]

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
    "outrun": [Column("stopped after, ms", "stopped_ns", "ms"),
               Column("over the mark, KiB", "over_bytes", "KiB"),
               Column("of, KiB", "mark_bytes", "KiB"),
               Column("refused", "refused_budget"), Column("wrong", "wrong")],
    "redis": REQUESTS, "postgres": REQUESTS,
    "kbuild": [Column("CPU, s", "cpu_s", "s", "mean"), Column("elapsed, s", "elapsed_s", "s")],
    "write-storm": [Column("writes/s", "use_ns", kind="rate", per="use_ns"), *USES],
}


def columns_of(scenario):
    """A scenario that nobody described shows no figures, only counters."""
    return COLUMNS.get(scenario, [])


def demoted(counters):
    """vmstat counts the same pages again where SPM does."""
    return counters["demoted"] or counters["pgdemote_direct"] + counters["pgdemote_kswapd"]


def promoted(counters):
    return (counters["promoted_write"] + counters["promoted"] +
            counters.get("pgpromote_success", 0))


def kept(counters):
    """Share of the demoted pages that no write has brought back within ten seconds"""
    undone = ratio(counters.get("all_undone"), counters.get("all_demoted"))
    return None if undone is None else 1 - undone


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
    ("PSI some, ms", lambda c: show(c["psi_some_us"], "ms of us")),
    ("full, ms", lambda c: show(c["psi_full_us"], "ms of us")),
    ("poisoned", lambda c: show(c["poisoned"])),
    ("OOM kills", lambda c: show(c["oom_kills"])),
]
