# SPDX-License-Identifier: GPL-2.0
"""Figures that README and Documentation quote from the report that is committed: they are
marked, written by "bench/report publish", and checked by "bench/report check".

A table is between two comments; the first names scenario, peers, case and figures:

    <!-- bench: pages | zspm, zsmalloc+lz4 | 60 % zeroes | out_ns in_p50_ns -->
    <!-- bench: end -->

In reStructuredText such a comment begins with ".. bench:". "plot FILE.svg" instead of a
table shows a plot. A figure in the text is followed by a comment:

    6,783<!--bench: pages | zspm | 60 % zeroes | out_ns-->

Of "A by B", two such figures, it is the quotient, with one digit. Among the peers of a table
"software" stands for all that compress by the CPU and have figures of that case."""

import re

from . import layout
from .columns import column_of
from .latency import DELAYS, NOT_KNOWN, paid
from .records import Error, figure, find, of_scenario, waited_for_disk
from .units import is_software, name, show

REGION = re.compile(r"^(?P<begin>(?:<!--|\.\.) bench: (?!end\b)(?P<what>.*?)(?: -->)?)\n"
                    r"(?P<body>.*?)^(?P<end>(?:<!--|\.\.) bench: end(?: -->)?)$", re.M | re.S)
INLINE = re.compile(r"(?P<number>[0-9][0-9,.]*)<!--bench: (?P<what>[^>]*?)-->")
BEGIN = re.compile(r"(?:<!--|\.\.) ?bench: (?!end\b)")
# With no delay, and with the shorter one of the model
QUOTED = (0, DELAYS[0])


def fields(what, count):
    parts = [part.strip() for part in what.split("|")]
    if len(parts) != count:
        raise Error(f"'{what}' has {len(parts)} parts, not {count}")
    return parts


def record_of(records, scenario, peer, case):
    record = find(records, scenario, peer, case)
    if not record or not record["figures"]:
        raise Error(f"the report has no {scenario}, {peer}, {case}")
    return record


def peers_of(records, scenario, peers, case):
    """Those that are named; "software" are all that compress by the CPU"""
    found = []
    for peer in (word.strip() for word in peers.split(",")):
        found += [peer] if peer != "software" else [
            r["peer"] for r in of_scenario(records, scenario)
            if r["case"] == case and r["figures"] and is_software(r["peer"])]
    return found


def cell(record, column, delay):
    value = paid(record, column, delay, False)
    if value is None:
        return NOT_KNOWN if delay else show(None)
    return column.marked(record, value)


def table(records, what):
    """Each figure, and what it becomes if the CPU waits for each line of a device"""
    scenario, peers, case, keys = fields(what, 4)
    columns = [column_of(scenario, key) for key in keys.split()]
    head = [case, *(f"{c.label}, {delay} ns" if delay else c.label
                    for delay in QUOTED for c in columns)]
    rows = []
    for peer in peers_of(records, scenario, peers, case):
        record = record_of(records, scenario, peer, case)
        rows.append([name(peer), *(cell(record, c, delay) for delay in QUOTED for c in columns)])
    return [f"  {line}" for line in layout.plain(head, rows)]


def region(records, what, plots):
    """What belongs between two comments"""
    if not what.startswith("plot "):
        return "\n".join(["", *table(records, what), "", ""])
    path = what.removeprefix("plot ").strip()
    if path not in plots:
        raise Error(f"the report has no plot {path}")
    return f"\n![{path}](Documentation/bench/{path})\n\n"


def number(records, what):
    """What a figure in the text has to say"""
    values = []
    for reference in what.split(" by "):
        scenario, peer, case, key = fields(reference, 4)
        record = record_of(records, scenario, peer, case)
        value = figure(record, key)
        if value is None or waited_for_disk(record, key):
            raise Error(f"the report has no {reference}, or it waited for the swap disk")
        values.append((value, scenario, key))
    if len(values) == 1:
        value, scenario, key = values[0]
        return column_of(scenario, key).show(value)
    if len(values) != 2 or not values[1][0]:
        raise Error(f"'{what}' is no quotient")
    return f"{values[0][0] / values[1][0]:.1f}"


def write(text, records, plots):
    """The text, with what it quotes made true"""
    text = REGION.sub(lambda m: f"{m['begin']}\n{region(records, m['what'], plots)}{m['end']}",
                      text)
    return INLINE.sub(lambda m: f"{number(records, m['what'])}<!--bench: {m['what']}-->", text)


def count(text):
    """How many quotations it has; an error if one is not whole"""
    found = len(REGION.findall(text)) + len(INLINE.findall(text))
    if found != len(BEGIN.findall(text)):
        raise Error("a comment 'bench:' has no 'bench: end', or no figure before it")
    return found


def differences(text, records, plots):
    """Lines that say what is quoted wrong"""
    wrong = []
    for match in REGION.finditer(text):
        if match["body"] != region(records, match["what"], plots):
            wrong.append(f"'{match['what']}' is not what the report says")
    for match in INLINE.finditer(text):
        have = number(records, match["what"])
        if match["number"] != have:
            wrong.append(f"{match['number']} for '{match['what']}'; the report says {have}")
    return wrong
