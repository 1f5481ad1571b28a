# SPDX-License-Identifier: GPL-2.0
"""Do two runs give the same?"""

import fnmatch
import hashlib
import json
import pathlib

from . import layout
from .records import Error, key, waited_for_disk

FILE = "compare.json"
PAGEIO = "pages scaling profile huge contents uncharged write-storm"
FIO = "mmap-read mmap-write mix verify"
# What is not compared: scenarios, figures, and why
NOT_COMPARED = [
    ("*", "elapsed_s", "while tasks wait for the host, no instructions are counted"),
    ("*", "system_s", "stress-ng rounds it"),
    ("contention", "*", "the host runs the VM's CPUs as it likes"),
]
# What may differ by more: scenarios, peers, figures, by how many percent at most, and why
EXPECTED = [
    (FIO, "*", "p99*_ns*", 100, "few accesses are that slow, and fio sorts them in bins"),
    (PAGEIO, "zbud+*", "in_p50_ns", 2.5, "the median may fall on either of two paths"),
    (PAGEIO, "mapped*", "*_ns", 2.5, "what is freed in batches falls in the one or other round"),
    ("kbuild", "*", "cpu_s", 40,
     "which pages are used at a time depends on when the host has read the compilers' files"),
]
DISK = "waited for the swap disk"


def fits(value, patterns):
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns.split())


def not_compared(first, second, figure):
    """Why; nothing if it is"""
    for scenarios, figures, why in NOT_COMPARED:
        if fits(first["scenario"], scenarios) and fits(figure, figures):
            return why
    return DISK if any(waited_for_disk(r, figure) for r in (first, second)) else ""


def expected(record, figure, apart):
    """Why it may differ by so much; nothing if it may not"""
    for scenarios, peers, figures, most, why in EXPECTED:
        if (fits(record["scenario"], scenarios) and fits(record["peer"], peers) and
                fits(figure, figures) and apart <= most):
            return why
    return ""


def difference(a, b):
    """In percent of the larger"""
    return 100 * abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0


def entry(record, figure, **more):
    return {"record": list(key(record)), "figure": figure, **more}


def compare_records(first, second, percent, result):
    """Two of the same key, figure by figure"""
    ours, theirs = first["figures"] or {}, second["figures"] or {}
    if bool(ours) != bool(theirs):
        why = f"it failed in the {'second' if ours else 'first'} run"
        result["missing"].append(entry(first, "", why=why))
    elif not ours:
        result["left_out"].append(entry(first, "", why="it failed in both"))
    else:
        for figure in dict.fromkeys([*ours, *theirs]):
            compare_figure(first, second, figure, percent, result)


def compare_figure(first, second, figure, percent, result):
    ours, theirs = first["figures"].get(figure), second["figures"].get(figure)
    why = not_compared(first, second, figure)
    if ours is None or theirs is None:
        which = "first" if theirs is None else "second"
        result["missing"].append(entry(first, figure, why=f"it is in the {which} run only"))
    elif why:
        result["left_out"].append(entry(first, figure, why=why))
    else:
        result["compared"] += 1
        apart = difference(ours, theirs)
        if apart > percent:
            result["differ"].append(entry(first, figure, values=[ours, theirs], apart=apart,
                                          why=expected(first, figure, apart)))


def compare(first, second, percent):
    """All that differs by more, all that is missing, and all that was left out"""
    result = {"percent": percent, "compared": 0, "differ": [], "missing": [], "left_out": []}
    ours, theirs = ({key(r): r for r in run} for run in (first, second))
    for one in dict.fromkeys([*ours, *theirs]):
        if one in ours and one in theirs:
            compare_records(ours[one], theirs[one], percent, result)
        else:
            which = "first" if one in ours else "second"
            result["missing"].append(entry(ours.get(one) or theirs[one], "",
                                           why=f"it is in the {which} run only"))
    return result


def unexplained(result):
    """How many figures differ for no reason that is known, or are missing"""
    return sum(not one["why"] for one in result["differ"]) + len(result["missing"])


def together(entries):
    """Entries of the same record for the same reason: record, figures, why"""
    found = {}
    for one in entries:
        found.setdefault((", ".join(one["record"]), one["why"]), []).append(one["figure"])
    return [(record, ", ".join(filter(None, figures)), why)
            for (record, why), figures in found.items()]


def lines(result):
    """What a terminal gets"""
    text = []
    for one in result["differ"]:
        why = f" ({one['why']})" if one["why"] else ""
        text.append(f"{one['apart']:6.2f} %  {', '.join(one['record'])}: {one['figure']} "
                    f"{one['values'][0]:,.0f} and {one['values'][1]:,.0f}{why}")
    for what in ("missing", "left_out"):
        for record, figures, why in together(result[what]):
            text.append(f"{what.replace('_', ' ')}: {record}: {figures and figures + ': '}{why}")
    return [*text, summary(result)]


def summary(result):
    reasons = sum(bool(one["why"]) for one in result["differ"])
    return (f"{result['compared']} figures, {len(result['differ'])} of them differ by over "
            f"{result['percent']:g} %, of these {reasons} for a known reason; "
            f"{len(result['missing'])} are missing, {len(result['left_out'])} were left out")


# ---- The file of a comparison ----

def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def run_of(path):
    """What is known of the run that a file of records is of"""
    path = pathlib.Path(path)
    host = path.with_name("host.json")
    known = json.loads(host.read_text(encoding="utf-8")) if host.exists() else {}
    return {"digest": digest(path), **{word: known.get(word, "") for word in
                                       ("command", "commit", "date", "cpu", "host")}}


def write(path, result, first, second):
    """With the runs that were compared"""
    runs = {"runs": [run_of(first), run_of(second)]}
    pathlib.Path(path).write_text(json.dumps({**runs, **result}, indent=1) + "\n",
                                  encoding="utf-8")


def load(directory):
    """The comparison that is there; None if there is none, an error if it is of other records"""
    path = pathlib.Path(directory, FILE)
    if not path.exists():
        return None
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        digests = [run["digest"] for run in result["runs"]]
    except (ValueError, KeyError) as error:
        raise Error(f"{path}: {error}: run bench/report compare --write") from error
    if digest(path.with_name("records.jsonl")) not in digests or len(set(digests)) != 2:
        raise Error(f"{path}: that is not of these records and others: run bench/report compare "
                    "--write again, or remove it")
    return result


def table(result):
    """In Markdown; nothing if nothing was compared"""
    if not result:
        return []
    runs = [[run["command"], run["commit"], run["date"], run["cpu"], run["host"]]
            for run in result["runs"]]
    differ = [[", ".join(one["record"]), one["figure"], *(f"{v:,.0f}" for v in one["values"]),
               f"{one['apart']:.2f}", one["why"] or "not known"] for one in result["differ"]]
    left = [list(cells) for what in ("missing", "left_out") for cells in together(result[what])]
    return [*layout.markdown(["command", "commit", "date", "CPU", "host"], runs), "",
            f"{summary(result)}.", "",
            *layout.markdown(["", "", "first", "second", "%", "why"], differ), "",
            *layout.markdown(["not compared", "figures", "why"], left)]
