# SPDX-License-Identifier: GPL-2.0
"""The demo's table: peers beside each other, from the records of bench/guest/demo."""

from . import layout
from .records import figure, find
from .units import MIB, name, ratio, show
from .words import CLOCKS, PLAIN_SWAP, SAME, SETTINGS

SCENARIO, BASE, OURS = "demo", "zsmalloc+lz4", "zspm"
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


def verdict(peers):
    """zspm against a compressor, in a sentence"""
    base, ours = ({p.peer: p for p in peers}.get(peer) for peer in (BASE, OURS))
    if not base or not ours or None in (base.kernel_ms(), ours.kernel_ms()):
        return "A job failed, so there is nothing to compare."
    share = ratio(ours.kernel_ms(), base.kernel_ms())
    write, read = (ratio(ours.fio(s, "iops"), base.fio(s, "iops")) for s in ("write", "randread"))
    if None in (share, write, read):
        return "A job took no time, so there is nothing to compare."
    return (f"The same work took zspm {share:.0%} of the kernel time of {name(BASE)}, at "
            f"{write:.1f} times its\nwrite and {read:.1f} times its random read IOPS, with "
            f"{ours.last('pool_bytes') / MIB:.0f} MiB of DRAM for the pool instead of "
            f"{base.last('pool_bytes') / MIB:.0f} MiB.")


def report(records):
    """Lines of text"""
    peers = [Peer(records, peer) for peer in dict.fromkeys(
        r["peer"] for r in records if r["scenario"] == SCENARIO)]
    rows = [[label, *(cell(p) for p in peers)] for label, cell in LINES]
    text = ["", *layout.plain(["", *(name(p.peer) for p in peers)], rows), "", verdict(peers), "",
            SETTINGS["server"] + SAME, CLOCKS["icount"]]
    if any(p.peer == "disk" for p in peers):
        text.append(PLAIN_SWAP)
    return text
