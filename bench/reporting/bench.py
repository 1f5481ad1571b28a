# SPDX-License-Identifier: GPL-2.0
"""The report of bench/run."""

import json
import pathlib

from . import accelerators, aims, compare, latency, layout, sources, study, tables
from .records import Error, scenarios
from .words import (ACCELERATORS, CLOCKS, COMPARED, CONTENTION, DRAM, LATENCY, NOTES, PAYS_UP_TO,
                    PROFILE, SAME, SETTINGS, SOURCES, STOPS_PAYING, STUDY, WAITED)
from .units import one_line

HOST = {
    "command": "Command", "date": "Date", "commit": "Commit", "kernel": "Kernel in the VM",
    "note": "Note", "clock": "Clock", "settings": "Settings", "cpu": "Host's CPU",
    "cpus": "Host's CPUs", "host": "Host's kernel", "debian": "Debian", "qemu": "QEMU",
    "gcc": "gcc", "fio": "fio", "stress": "stress-ng", "redis": "redis",
    "postgres": "PostgreSQL", "node": "node",
}


def load_host(directory):
    """On what it was measured, as bench/run wrote it"""
    path = pathlib.Path(directory, "host.json")
    try:
        host = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Error(f"{path}: {error}: run bench/run without --report") from error
    missing = {"commit", "clock", "settings", "date", "kernel", "cpu", "qemu"} - set(host)
    if missing or host["clock"] not in CLOCKS or host["settings"] not in SETTINGS:
        raise Error(f"{path}: no {', '.join(sorted(missing)) or 'such clock or settings'}: "
                    "run bench/run again")
    return host


def host_table(host):
    """Programs that no scenario needed have no version."""
    rows = [[text, host[key]] for key, text in HOST.items() if host.get(key)]
    if host.get("took"):
        rows.append(["Took", f"{sum(host['took'].values()) / 60:.0f} minutes"])
    return layout.markdown(["", ""], rows)


def section(title, lines, about=""):
    """Nothing if there are no lines"""
    if not lines:
        return []
    return [f"## {title}", "", *([one_line(about), ""] if about else []), *lines, ""]


def scenario_section(records, scenario):
    lines = layout.markdown(*tables.scenario_rows(records, scenario))
    delayed = latency.table(records, scenario)
    if delayed:
        lines += ["", "With a device that takes its time:", "", *delayed]
    return section(scenario, lines, NOTES.get(scenario, ""))


def text(records, host, all_aims, plots, comparison=None):
    """All of the report, in Markdown"""
    lines = ["# What SPM gains", "", one_line(CLOCKS[host["clock"]]), "",
             one_line(SETTINGS[host["settings"]] + SAME), "", one_line(WAITED), "",
             one_line(DRAM), "", one_line(LATENCY), "", *host_table(host), ""]
    lines += section("Where each row is from", sources.table(records, host), SOURCES)
    lines += section("Aims", aims.table(records, all_aims, host, comparison))
    lines += section("Two runs", compare.table(comparison), COMPARED)
    for scenario in scenarios(records):
        lines += scenario_section(records, scenario)
    lines += section("More than one CPU: who locks, and who shares",
                     tables.sharing_tables(records), CONTENTION)
    lines += section("Beside an independent study", study.table(records), STUDY)
    lines += section("Beside engines that compress", accelerators.table(records), ACCELERATORS)
    lines += section("Up to which latency zspm pays", latency.pays_up_to_table(records), PAYS_UP_TO)
    lines += section("When mapped mode stops paying", latency.stops_paying_table(records),
                     STOPS_PAYING)
    lines += section("Where the instructions go", tables.profile_tables(records), PROFILE)
    if plots:
        lines += ["## Plots", ""]
    for title, path in plots:
        lines += [f"![{title}]({path})", ""]
    return "\n".join(lines)


def write(directory, records, host, all_aims, comparison, png=False):
    """report.md and plots, as PNGs to look at, too; returns titles of plots and names of files"""
    from . import plots     # needs matplotlib, which nothing else does
    made = plots.draw(records, directory, host, png)
    report = text(records, host, all_aims, made, comparison)
    pathlib.Path(directory, "report.md").write_text(report, encoding="utf-8")
    return made


def for_terminal(records, all_aims, host, comparison=None):
    """The figures, without counters"""
    lines = []
    for scenario in scenarios(records):
        lines += ["", scenario, "", *layout.plain(*tables.short_rows(records, scenario))]
    all_rows = aims.rows(records, all_aims, host, comparison)
    known = [row for row in all_rows if row[-1] not in (aims.NOT_RUN, aims.NOT_JUDGED)]
    if known:
        lines += ["", "Aims"]
    for aim, _, value, bound, verdict in known:
        short = verdict.split(":")[0]
        lines += ["", f"  {aim}", f"      {value}, {bound}: {short}"]
    if aims.is_quick(host):
        lines += ["", "A quick run does too little to be judged by the other aims."]
    return lines
