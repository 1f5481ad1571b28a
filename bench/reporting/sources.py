# SPDX-License-Identifier: GPL-2.0
"""Which command has measured a record, and of which commit. Records don't say it: the run and
what was added to it say which scenarios and peers they were of, and the last one counts."""

import argparse
import pathlib
import re
import shlex

from . import layout
from .latency import EQUAL_MEMORY
from .records import key, of_scenario, scenarios
from .units import NOTHING, name

SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "scenarios"
SHORT = {"lz4": "zsmalloc+lz4", "lzo": "zsmalloc+lzo", "zstd": "zsmalloc+zstd"}
# Whom bench/guest/lib.sh asks how much memory a device takes, and measures in passing
ASKED = ("zspm", "zsmalloc+lz4")
# With as much memory in all there are only these, which is when it asks
EQUAL_PEERS = ("zsmalloc+lz4", "zsmalloc+zstd", "zram+lz4", "zram+zstd", "zspm")


def all_of(host):
    """The run, and what was added to it later, in that order"""
    return [host, *host.get("added", [])]


def options_of(source):
    """What bench/run was told"""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in ("--only", "--peers"):
        parser.add_argument(option, default="")
    for flag in ("--quick", "--equal", "--same", "--plain"):
        parser.add_argument(flag, action="store_true")
    options, _ = parser.parse_known_args(shlex.split(source["command"])[1:])
    options.only = [word for word in options.only.split(",") if word]
    options.peers = [SHORT.get(word, word) for word in options.peers.split(",") if word]
    return options


def header(scenario, word):
    """What the scenario's comment says after that word"""
    path = SCENARIOS / scenario
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.search(rf"^# {word}: *(.*)$", text, re.M)
    return found[1] if found else ""


def is_of(options, scenario):
    return not options.only or bool({scenario, header(scenario, "number")} & set(options.only))


def measures_equal(options, scenario):
    """Does it measure with as much memory in all, too?"""
    return (not options.quick and not options.same and header(scenario, "equal") == "yes" and
            (not options.peers or bool(set(options.peers) & set(EQUAL_PEERS))))


def selects(options, record):
    """Was the record to be measured?"""
    scenario, peer, case = key(record)
    if not is_of(options, scenario) or (options.peers and peer not in options.peers):
        return False
    return measures_equal(options, scenario) if case == EQUAL_MEMORY else not options.equal


def in_passing(options, record):
    """Was it measured to know how much memory a device takes?"""
    scenario, peer, case = key(record)
    return (is_of(options, scenario) and measures_equal(options, scenario) and peer in ASKED and
            case != EQUAL_MEMORY)


def of_record(record, records, host):
    """The command that has measured it. Several, if it may be any of them: not all cases are
    measured in passing"""
    cases = {r["case"] for r in records if key(r)[:2] == key(record)[:2]} - {EQUAL_MEMORY}
    found = []
    for source in all_of(host):
        options = options_of(source)
        if selects(options, record) or (in_passing(options, record) and len(cases) == 1):
            found = [source]
        elif in_passing(options, record):
            found.append(source)
    return found


def of_scenarios(records, host, those):
    """Of all records of these scenarios, in the order of the commands"""
    found = [source for record in records if record["scenario"] in those
             for source in of_record(record, records, host)]
    return [source for source in all_of(host) if source in found]


def groups(records, host, scenario):
    """Commands, and the records of each"""
    found = {}
    for record in of_scenario(records, scenario):
        sources = of_record(record, records, host)
        found.setdefault(tuple(id(s) for s in sources), (sources, []))[1].append(record)
    return list(found.values())


def whose(group, others):
    """Peers of a group's records; with their cases, if other records of a peer are not there"""
    elsewhere = {r["peer"] for other in others for r in other}
    return ", ".join(dict.fromkeys(
        f"{name(r['peer'])} ({r['case']})" if r["peer"] in elsewhere else name(r["peer"])
        for r in group))


def table(records, host):
    """In Markdown"""
    rows = []
    for scenario in scenarios(records):
        found = groups(records, host, scenario)
        for sources, group in found:
            others = [g for _, g in found if g is not group]
            rows.append([scenario, whose(group, others) if others else "all",
                         *(" or ".join(form.format(s[k]) for s in sources) or NOTHING
                           for k, form in (("command", "`{}`"), ("commit", "{}"), ("date", "{}")))])
    return layout.markdown(["scenario", "peers", "command", "commit", "date"], rows)
