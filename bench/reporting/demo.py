# SPDX-License-Identifier: GPL-2.0
"""The demo's table: backends side by side, from the records of bench/guest/measure."""

from . import layout
from .units import MIB, name, ratio, show
from .words import CLOCKS, PLAIN_SWAP, SETTINGS

BASE, OURS = "zsmalloc+lz4", "zspm"
FIO_SECTIONS = ("write", "randread", "verify")      # of bench/tmpfs.fio


def sections(record):
    """The parts of a record that have counters"""
    return [record[key] for key in (*FIO_SECTIONS, "pages") if key in record]


def fio(record, section, key):
    return record.get(section, {}).get("fio", {}).get(key)


def total(record, *keys):
    return sum(part[key] for part in sections(record) for key in keys)


def fio_total(record, key):
    """Over all sections; None if one is missing"""
    values = [fio(record, section, key) for section in FIO_SECTIONS]
    return None if None in values else sum(values)


def last(record, key):
    """What a counter said when the last job had ended"""
    parts = sections(record)
    return parts[-1][key] if parts else None


def verify_errors(record):
    return sum(part.get("fio", {}).get("errors") or 0 for part in sections(record))


LINES = [
    ("write, IOPS", lambda r: show(fio(r, "write", "iops"))),
    ("random read, IOPS", lambda r: show(fio(r, "randread", "iops"))),
    ("random write and verify, IOPS", lambda r: show(fio(r, "verify", "iops"))),
    ("write, p99, us", lambda r: show(fio(r, "write", "p99_ns"), "us")),
    ("random read, p99, us", lambda r: show(fio(r, "randread", "p99_ns"), "us")),
    ("CPU time in the kernel, s", lambda r: show(kernel_seconds(r), "s")),
    ("zswpout, pages", lambda r: show(total(r, "zswpout"))),
    ("zswpin, pages", lambda r: show(total(r, "zswpin"))),
    ("to and from the swap disk, pages", lambda r: show(total(r, "pswpout", "pswpin"))),
    ("DRAM used by the pool, MiB", lambda r: show(last(r, "pool_bytes"), "MiB")),
    ("SPM used, MiB", lambda r: show(last(r, "spm_bytes"), "MiB")),
    ("verify errors", lambda r: show(verify_errors(r))),
    ("OOM kills", lambda r: show(total(r, "oom_kills"))),
]


def kernel_seconds(record):
    milliseconds = fio_total(record, "system_ms")
    return None if milliseconds is None else milliseconds / 1000


def verdict(records):
    """zspm against a compressor, in a sentence"""
    by_backend = {r["backend"]: r for r in records}
    base, ours = by_backend.get(BASE), by_backend.get(OURS)
    if not base or not ours or base["rc"] or ours["rc"]:
        return "A job failed, so there is nothing to compare."
    share = ratio(fio_total(ours, "system_ms"), fio_total(base, "system_ms"))
    write, read = (ratio(fio(ours, s, "iops"), fio(base, s, "iops"))
                   for s in ("write", "randread"))
    if None in (share, write, read):
        return "A job took no time, so there is nothing to compare."
    return (f"The same work took zspm {share:.0%} of the kernel time of {name(BASE)}, at "
            f"{write:.1f} times its\nwrite and {read:.1f} times its random read IOPS, with "
            f"{last(ours, 'pool_bytes') / MIB:.0f} MiB of DRAM for the pool instead of "
            f"{last(base, 'pool_bytes') / MIB:.0f} MiB.")


def report(records):
    """Lines of text"""
    rows = [[label, *(cell(r) for r in records)] for label, cell in LINES]
    text = ["", *layout.plain(["", *(name(r["backend"]) for r in records)], rows), "",
            verdict(records), "", SETTINGS, CLOCKS["icount"]]
    if any(r["backend"] == "swap" for r in records):
        text.append(PLAIN_SWAP)
    return text
