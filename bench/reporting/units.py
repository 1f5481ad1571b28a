# SPDX-License-Identifier: GPL-2.0
"""Units, names, and how numbers are printed. None is what was not measured."""

PAGE = 4096
LINES = 64      # of a page
MIB = 1 << 20

NOTHING = "-"

# Divide by this, and print like that
UNITS = {
    "": (1, "{:,.0f}"),
    "us": (1e3, "{:,.2f}"),         # from ns
    "ms": (1e6, "{:,.1f}"),         # from ns
    "ms of us": (1e3, "{:,.0f}"),
    "s of us": (1e6, "{:,.2f}"),
    "s": (1, "{:,.2f}"),
    "KiB": (1024, "{:,.0f}"),
    "MiB": (MIB, "{:,.0f}"),
    "%": (0.01, "{:.1f}"),          # from a share
    "times": (1, "{:,.2f}"),
}

# Peers, in the order in which tables and plots have them
PEERS = ("none", "null", "disk", "zsmalloc+lzo", "zsmalloc+lz4", "zsmalloc+lz4+shrinker",
         "zsmalloc+zstd", "zbud+lzo", "zbud+lz4", "zbud+zstd", "zram+lz4", "zram+lz4+writeback",
         "zram+lz4+recompress", "zram+zstd", "tier", "tier+promote", "zspm", "mapped",
         "mapped+hot", "zspm+mapped")
SPM_PEERS = ("zspm", "mapped", "mapped+hot", "zspm+mapped")
TIERS = ("tier", "tier+promote")
SOFTWARE = ("zsmalloc", "zbud", "zram")


def show(value, unit=""):
    """A number as people read it"""
    if value is None:
        return NOTHING
    divisor, form = UNITS[unit]
    return form.format(value / divisor)


def ratio(numerator, denominator):
    """None if there is nothing to divide, or to divide by."""
    return numerator / denominator if numerator is not None and denominator else None


def name(peer):
    """As it is printed"""
    return {"disk": "plain swap"}.get(peer, peer.replace("+", " + "))


def position(peer):
    """Unknown ones go last."""
    return PEERS.index(peer) if peer in PEERS else len(PEERS)


def is_software(peer):
    """Does the CPU compress?"""
    return peer.split("+")[0] in SOFTWARE


def one_line(text):
    """A paragraph of ours, for Markdown"""
    return " ".join(text.split())
