# SPDX-License-Identifier: GPL-2.0
"""Tables of what was measured: each scenario's, and the profile's."""

from . import layout
from .columns import COUNTERS, columns_of
from .records import of_scenario
from .units import name, show

MOST = 24       # functions of a profile


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


def profile_tables(records):
    """Instructions of each function, the peers beside each other"""
    profiles = {r["peer"]: r["functions"] for r in of_scenario(records, "profile")
                if r.get("functions")}
    text = []
    for phase, title in (("out", "Push a page out"), ("use", "Use it again")):
        columns = {peer: p.get(phase, {}) for peer, p in profiles.items()}
        rows = profile_rows(columns)
        if rows:
            text += [f"{title}:", "", *layout.markdown(["", *map(name, columns)], rows), ""]
    return text


def profile_rows(columns):
    """The functions that take most of any peer, the others in one row, and the sum"""
    most = {}
    for functions in columns.values():
        for function, count in functions.items():
            most[function] = max(count, most.get(function, 0))
    if not most:
        return []
    shown = sorted(most, key=lambda f: (-most[f], f))[:MOST]
    rows = [[f"`{f}`", *(show(c.get(f)) for c in columns.values())] for f in shown]
    rows.append(["all others", *(show(sum(v for f, v in c.items() if f not in shown))
                                 for c in columns.values())])
    rows.append(["sum", *(show(sum(c.values())) for c in columns.values())])
    return rows
