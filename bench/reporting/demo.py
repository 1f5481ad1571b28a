# SPDX-License-Identifier: GPL-2.0
"""What the demo prints: peers beside each other, from the records of bench/guest/demo, and what
the emulated device showed, from those of bench/guest/device."""

import textwrap

from . import layout
from .records import figure, find
from .units import MIB, NOTHING, name, one_line, ratio, show
from .words import CLOCKS, PLAIN_SWAP, SAME, SETTINGS

SCENARIO, BASE, OURS = "demo", "zsmalloc+lz4", "zspm"
DEVICE = "device"
SECTIONS = ("write", "randread", "verify")      # of bench/fio/demo.fio


class Peer:
    """What was measured of it"""

    def __init__(self, records, peer):
        self.peer = peer
        found = (find(records, SCENARIO, peer, section) for section in SECTIONS)
        self.sections = {r["case"]: r for r in found if r}

    def fio(self, section, key):
        return figure(self.sections.get(section), key)

    def kernel_ms(self):
        """Over all sections; None if one is missing or failed"""
        values = [self.fio(section, "system_ms") for section in SECTIONS]
        return None if None in values else sum(values)

    def total(self, *keys):
        return sum(r["counters"][key] for r in self.sections.values() for key in keys)

    def last(self, key):
        """What a counter said when the last job had ended"""
        return [r["counters"][key] for r in self.sections.values()][-1]

    def failed(self):
        """The section that did, or nothing"""
        return next((case for case, r in self.sections.items() if r["figures"] is None), "no")


def seconds(milliseconds):
    return None if milliseconds is None else milliseconds / 1000


LINES = [
    ("write, IOPS", lambda p: show(p.fio("write", "iops"))),
    ("random read, IOPS", lambda p: show(p.fio("randread", "iops"))),
    ("random write and verify, IOPS", lambda p: show(p.fio("verify", "write_iops"))),
    ("write, p99, us", lambda p: show(p.fio("write", "p99_ns"), "us")),
    ("random read, p99, us", lambda p: show(p.fio("randread", "p99_ns"), "us")),
    ("CPU time in the kernel, s", lambda p: show(seconds(p.kernel_ms()), "s")),
    ("zswpout, pages", lambda p: show(p.total("zswpout"))),
    ("zswpin, pages", lambda p: show(p.total("zswpin"))),
    ("to and from the swap disk, pages", lambda p: show(p.total("pswpout", "pswpin"))),
    ("DRAM used by the pool, MiB", lambda p: show(p.last("pool_bytes"), "MiB")),
    ("SPM used, MiB", lambda p: show(p.last("spm_bytes"), "MiB")),
    ("a job that failed", lambda p: p.failed()),
    ("OOM kills", lambda p: show(p.total("oom_kills"))),
]


def failure(peers):
    """What became of the first job that has no figures; None if all have"""
    sections = {p.peer: p.sections for p in peers}
    for peer in (BASE, OURS):
        for section in SECTIONS:
            record = sections.get(peer, {}).get(section)
            if not record or record["figures"] is None:
                return (f"fio's job \"{section}\" on {name(peer)} "
                        f"{'failed' if record else 'did not run'}")
    return None


def verdict(peers):
    """zspm against a compressor, in a sentence"""
    failed = failure(peers)
    if failed:
        return f"{failed}, so there is nothing to compare."
    base, ours = ({p.peer: p for p in peers}[peer] for peer in (BASE, OURS))
    share = ratio(ours.kernel_ms(), base.kernel_ms())
    write, read = (ratio(ours.fio(s, "iops"), base.fio(s, "iops")) for s in ("write", "randread"))
    if None in (share, write, read):
        return "A job took no time, so there is nothing to compare."
    return (f"The same work took zspm {share:.0%} of the kernel time of {name(BASE)}, at "
            f"{write:.1f} times its\nwrite and {read:.1f} times its random read IOPS, with "
            f"{ours.last('pool_bytes') / MIB:.0f} MiB of DRAM for the pool instead of "
            f"{base.last('pool_bytes') / MIB:.0f} MiB.")


def saves(f):
    """A device that compresses, beside a compressor"""
    rows = [["swapped out, MiB", show(f["pushed"], "MiB"), show(f["pushed"], "MiB")],
            ["DRAM that it takes, MiB", show(f["dram_compressed"], "MiB"), show(f["dram"], "MiB")],
            ["space on the device that it takes, MiB", show(0), show(f["on_device"], "MiB")]]
    return [f"A device that advertises {show(f['capacity'], 'MiB')} MiB, and can hold "
            f"{show(f['holds'], 'MiB')} MiB: it compresses what it is given.", "",
            *layout.plain(["", name(BASE), name(OURS)], rows)]


def stays_mapped(f):
    """The memory of a task, in three states"""
    rows = [["reclaim has demoted it", show(f["rss"], "MiB"), show(f["spm"], "MiB"), NOTHING],
            ["the task has read all of it", show(f["rss_read"], "MiB"), show(f["spm_read"], "MiB"),
             show(f["read_faults"])],
            ["it has written to each third page", show(f["rss_after"], "MiB"),
             show(f["spm_after"], "MiB"), show(f["written"])]]
    return [f"Mapped mode: a task with {show(f['pushed'], 'MiB')} MiB of memory of its own.", "",
            *layout.plain(["", "in DRAM, MiB", "on SPM, MiB", "page faults"], rows)]


def bound(f):
    """Contents stop compressing: what was kept, where, and by which gates"""
    size = show(f["written"], "MiB")
    gates = " > ".join(gate.removesuffix(" none") for gate in f["gates"].split(">"))
    rows = [["most that the device held, MiB, of " + show(f["holds"], "MiB"),
             show(f["most"], "MiB")],
            ["pages not taken, so they went to the swap device", show(f["refused"])],
            ["pages moved from it to DRAM, and to the swap device",
             f"{show(f['promoted'])}, {show(f['written_back'])}"],
            ["pages lost, by the kernel, and by the device", f"{f['poisoned']}, {f['overflowed']}"]]
    return [f"The bound: {size} MiB that compress ten to one are on the device, and all of it is "
            "overwritten", "with random bytes. All contents were checked in the end, and were right.",
            "", *layout.plain(["", ""], rows)[2:], "", *textwrap.wrap(
                f"The gate: {gates}.", 98, initial_indent="  ", subsequent_indent="  ")]


STORIES = {"saves": saves, "mapped": stays_mapped, "bound": bound}


def stories(records):
    """What the device showed, one after the other"""
    text = []
    for record in records:
        if record["scenario"] == DEVICE:
            story = STORIES[record["case"]]
            text += ["", *(story(record["figures"]) if record["figures"] else
                           [f"Of the device: {record['case']} FAILED, see above."])]
    return text


def report(records):
    """Lines of text"""
    peers = [Peer(records, peer) for peer in dict.fromkeys(
        r["peer"] for r in records if r["scenario"] == SCENARIO)]
    rows = [[label, *(cell(p) for p in peers)] for label, cell in LINES]
    table = layout.plain(["", *(name(p.peer) for p in peers)], rows) + [""] if peers else []
    text = ["", *table, verdict(peers), "",
            *textwrap.wrap(one_line(SETTINGS["server"] + SAME), 100),
            *textwrap.wrap(one_line(CLOCKS["icount"]), 100)]
    if any(p.peer == "disk" for p in peers):
        text += textwrap.wrap(one_line(PLAIN_SWAP), 100)
    return text + stories(records)
