# SPDX-License-Identifier: GPL-2.0
"""Tables of what was measured: each scenario's, and the profile's."""

from . import layout
from .columns import COUNTERS, columns_of
from .records import of_scenario
from .units import name, show

MOST = 24       # functions of a profile
SHARERS = 12    # of those that lock, or share


def scenario_rows(records, scenario):
    """Head and rows with all figures and counters"""
    columns = columns_of(scenario)
    head = ["", "", *(c.label for c in columns), *(label for label, _ in COUNTERS)]
    rows = [[name(r["peer"]), r["case"], *(c.cell(r) for c in columns),
             *(cell(r["counters"]) for _, cell in COUNTERS)]
            for r in of_scenario(records, scenario)]
    return head, rows


def short_rows(records, scenario):
    """The figures alone, for a terminal"""
    columns = columns_of(scenario)
    return (["", *(c.label for c in columns)],
            [[f"{name(r['peer'])}, {r['case']}", *(c.cell(r) for c in columns)]
             for r in of_scenario(records, scenario)])


# Phase, what it is, and the figure of the same, the median of the rounds
PHASES = (("out", "Push a page out", "out_ns"), ("use", "Use it again", "use_ns"))


def profile_tables(records):
    """Instructions of each function, the peers beside each other"""
    found = [r for r in of_scenario(records, "profile") if r.get("functions")]
    text = []
    for phase, title, figure in PHASES:
        columns = {r["peer"]: r["functions"].get(phase, {}) for r in found}
        rows = profile_rows(columns)
        if rows:
            rows.append(["median of the rounds, by the clock",
                         *(show(r["figures"].get(figure)) for r in found)])
            text += [f"{title}:", "", *layout.markdown(["", *map(name, columns)], rows), ""]
    return text


def sharing_tables(records):
    """Functions that lock, and that write to shared lines, with the most CPUs; for a page"""
    with_functions = [r for r in of_scenario(records, "contention") if r.get("sharing")]
    most = max((r["figures"]["threads"] for r in with_functions), default=0)
    those = {r["peer"]: r["sharing"] for r in with_functions if r["figures"]["threads"] == most}
    text = []
    for phase, what, title in (("out", "locked", "Push a page out: atomics"),
                               ("use", "locked", "Use it again: atomics"),
                               ("out", "shared", "Push a page out: writes to shared lines"),
                               ("use", "shared", "Use it again: writes to shared lines")):
        columns = {peer: s.get(phase, {}).get(what, {}) for peer, s in those.items()}
        rows = profile_rows(columns, SHARERS, "times")
        if rows:
            text += [f"{title}, {most} CPUs:", "",
                     *layout.markdown(["", *map(name, columns)], rows), ""]
    return text


def profile_rows(columns, limit=MOST, unit=""):
    """The functions that take most of any peer, the others in one row, and the sum"""
    most = {}
    for functions in columns.values():
        for function, count in functions.items():
            most[function] = max(count, most.get(function, 0))
    if not most:
        return []
    shown = sorted(most, key=lambda f: (-most[f], f))[:limit]
    rows = [[f"`{f}`", *(show(c.get(f), unit) for c in columns.values())] for f in shown]
    rows.append(["all others", *(show(sum(v for f, v in c.items() if f not in shown), unit)
                                 for c in columns.values())])
    rows.append(["sum", *(show(sum(c.values()), unit) for c in columns.values())])
    return rows
