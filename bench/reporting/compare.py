# SPDX-License-Identifier: GPL-2.0
"""Do two runs give the same?"""

import fnmatch
import hashlib
import json
import pathlib
import re

from . import layout
from .records import Error, key, pages_of_disk, waited_for_disk

FILE = "compare.json"
PAGEIO = "pages scaling profile huge contents uncharged write-storm"
FIO = "mmap-read mmap-write mix verify"
# What is not compared: scenarios, figures, and why
NOT_COMPARED = [
    ("*", "elapsed_s", "while tasks wait for the host, no instructions are counted"),
    ("*", "system_ms system_s",
     "ticks tell which part of CPU time is the kernel's; cpu_us, all of it, is compared"),
    ("contention", "*", "the host runs the VM's CPUs as it likes"),
]
# All CPU time of the tasks that were measured, in microseconds: a figure that is made of counters
CPU = "cpu_us"
# Figures that have in them what else runs
TIME = re.compile(r".*_ns(_.*)?|iops|write_iops|ops_s")
# Scenarios that no whole run has
LONG = "kernel"
# What may differ by more: scenarios, peers, figures, by how many percent at most, and why
EXPECTED = [
    (FIO, "*", "p99*_ns*", 100, "few accesses are that slow, and fio sorts them in bins"),
    ("write-storm", "*", "in_mean_ns in_p999_ns", 80,
     "there is one CPU: the time of a use has other threads' turns in it"),
    ("scaling", "*", "in_mean_ns in_p999_ns", 25,
     "eight pages of 8,192 are that slow, and threads take turns on one CPU"),
    ("mix", "zram+lz4+*", "iops write_iops mean_ns cpu_us", 25,
     "timers begin recompression and writing back, which take the CPU meanwhile"),
    ("postgres", "*", "p50_ns p99_ns", 30,
     "four servers take turns on one CPU, and ticks say whose it is"),
    ("uncharged", "*", "in_p99_ns", 2.5, "twenty pages of 2,048 are that slow"),
    ("uncharged", "*", "in_p50_ns", 2.5, "the median may fall on either of two paths"),
    ("hot-reads", "*", "faults moved", 70, "NUMA balancing looks once a second"),
    ("pages", "none", "cpu_us", 3, "it is so short that a tick counts"),
    ("tail", "*", "*_p999_ns* *_max_ns*", 95,
     "the slowest are few: whether a trim, a reading or relief falls on them is chance"),
    ("tail", "*", "refused left trimmed", 50, "relief begins when a timer of the kernel's says so"),
    ("outrun", "*", "refused_budget over_bytes most_bytes", 100,
     "what comes first when there is no room is chance: a reading, or a store"),
    ("outrun", "*", "pages took_ns stopped_ns held_bytes stored_bytes cpu_us", 20,
     "how much is refused meanwhile depends on when the device is read"),
    ("*", "*", "*p999_ns*", 6, "one use in a thousand is that slow, because of an interrupt, say"),
    (PAGEIO, "*", "clock_ns", 10,
     "to read the clock takes six instructions more where its second has just ended"),
    (PAGEIO, "zbud+*", "in_p50_ns", 2.5, "the median may fall on either of two paths"),
    (PAGEIO, "mapped*", "cpu_us", 4, "it is of all rounds, the others of the one in the middle"),
    (PAGEIO, "mapped*", "*_ns", 2.5, "what is freed in batches falls in the one or other round"),
]
# What a task had to do: pages that came back, and pages that went
WORK = ("pgmajfault", "zswpin", "pswpin", "promoted", "promoted_write", "pgpromote_success",
        "zswpout", "pswpout", "zswpwb", "demoted", "pgdemote_direct", "pgdemote_kswapd")
# As few of them explain nothing
FEW = 100
# A figure may differ by so many times as much as their number does
TIMES = 4
DISK = "waited for the swap disk"


def fits(value, patterns):
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns.split())


def not_compared(first, second, figure):
    """Why; nothing if it is"""
    for scenarios, figures, why in NOT_COMPARED:
        if fits(first["scenario"], scenarios) and fits(figure, figures):
            return why
    if figure == CPU and any(pages_of_disk(r) for r in (first, second)):
        return f"{DISK}, which takes CPU time as the host serves it"
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


def figures_of(record):
    """With CPU time, if it was counted"""
    figures, counters = record["figures"], record["counters"]
    if not figures or "user_us" not in counters:
        return figures or {}
    return {**figures, CPU: counters["user_us"] + counters["system_us"]}


def same_cpu_time(first, second, figure, percent):
    """It took no more of the CPU, only longer; nothing if it did"""
    ours, theirs = (figures_of(record).get(CPU) for record in (first, second))
    if not TIME.fullmatch(figure) or not ours or not theirs or difference(ours, theirs) > percent:
        return ""
    return f"its CPU time is within {percent:g} %: what else runs, and when, depends on ticks"


def other_work(first, second, apart):
    """Other pages were out; nothing if that does not explain the difference"""
    counts = [(first["counters"].get(name, 0), second["counters"].get(name, 0), name)
              for name in WORK]
    ours, theirs, name = max(counts, key=lambda c: difference(*c[:2]) if max(c[:2]) > FEW else 0)
    if max(ours, theirs) <= FEW or apart > TIMES * difference(ours, theirs):
        return ""
    return f"other pages were out: {name} {ours:,} and {theirs:,}"


def other_waits(first, second):
    """More of it waited for the swap disk in the one run; nothing if it is as much"""
    ours, theirs = pages_of_disk(first), pages_of_disk(second)
    return f"{ours:,} and {theirs:,} pages were on the swap disk" if ours != theirs else ""


def reason(first, second, figure, apart, percent):
    """Why it differs; nothing if that is not known"""
    return (expected(first, figure, apart) or same_cpu_time(first, second, figure, percent) or
            other_work(first, second, apart) or other_waits(first, second))


def entry(record, figure, **more):
    return {"record": list(key(record)), "figure": figure, **more}


def compare_records(first, second, percent, result):
    """Two of the same key, figure by figure"""
    ours, theirs = figures_of(first), figures_of(second)
    if bool(ours) != bool(theirs):
        why = f"it failed in the {'second' if ours else 'first'} run"
        result["missing"].append(entry(first, "", why=why))
    elif not ours:
        result["left_out"].append(entry(first, "", why="it failed in both"))
    else:
        for figure in dict.fromkeys([*ours, *theirs]):
            compare_figure(first, second, figure, percent, result)


def compare_figure(first, second, figure, percent, result):
    ours, theirs = (figures_of(record).get(figure) for record in (first, second))
    why = not_compared(first, second, figure)
    if ours is None or theirs is None:
        which = "first" if theirs is None else "second"
        result["missing"].append(entry(first, figure, why=f"it is in the {which} run only"))
    elif why:
        result["left_out"].append(entry(first, figure, why=why))
    else:
        scenario = first["scenario"]
        result["compared"][scenario] = result["compared"].get(scenario, 0) + 1
        apart = difference(ours, theirs)
        if apart > percent:
            result["differ"].append(entry(first, figure, values=[ours, theirs], apart=apart,
                                          why=reason(first, second, figure, apart, percent)))


def compare(first, second, percent):
    """All that differs by more, all that is missing, and all that was left out"""
    result = {"percent": percent, "compared": {}, "differ": [], "missing": [], "left_out": []}
    ours, theirs = ({key(r): r for r in run} for run in (first, second))
    for one in dict.fromkeys([*ours, *theirs]):
        if one in ours and one in theirs:
            compare_records(ours[one], theirs[one], percent, result)
        else:
            which = "first" if one in ours else "second"
            what = "left_out" if fits(one[0], LONG) else "missing"
            result[what].append(entry(ours.get(one) or theirs[one], "",
                                      why=f"it is in the {which} run only"))
    return result


def unexplained(result):
    """How many figures differ for no reason that is known, or are missing"""
    return sum(not one["why"] for one in result["differ"]) + len(result["missing"])


def together(entries):
    """Entries of the same record for the same reason: record, figures, why"""
    found = {}
    for one in entries:
        found.setdefault((tuple(one["record"]), one["why"]), []).append(one["figure"])
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
            text.append(f"{what.replace('_', ' ')}: {', '.join(record)}: "
                        f"{figures and figures + ': '}{why}")
    return [*text, summary(result)]


def summary(result):
    reasons = sum(bool(one["why"]) for one in result["differ"])
    compared = sum(result["compared"].values())
    return (f"{compared} figures, {len(result['differ'])} of them differ by over "
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


def how_far(one):
    """A figure that differs, of a scenario that is known"""
    return f"{', '.join(one['record'][1:])}: {one['figure']} {one['apart']:.1f} %"


def by_scenario(result):
    """How many figures of each were compared, how many differ, and which by most: rows"""
    rows = []
    for scenario, compared in result["compared"].items():
        differ = [one for one in result["differ"] if one["record"][0] == scenario]
        most = max(differ, key=lambda one: one["apart"], default=None)
        rows.append([scenario, str(compared), str(len(differ)), how_far(most) if most else ""])
    return rows


def by_reason(texts):
    """Of scenario, text, why: those of the same scenario for the same reason in a row"""
    found = {}
    for scenario, text, why in texts:
        found.setdefault((scenario, why), []).append(text)
    return [[scenario, "; ".join(all_texts), why] for (scenario, why), all_texts in found.items()]


def differing(result):
    return by_reason((one["record"][0], how_far(one), one["why"] or "not known")
                     for one in result["differ"])


def without(result):
    """Missing, or not compared"""
    texts = []
    for record, figures, why in together(result["missing"]) + together(result["left_out"]):
        of_it = ", ".join(record[1:])
        texts.append((record[0], f"{of_it}: {figures}" if figures else of_it, why))
    return by_reason(texts)


def table(result):
    """In Markdown; nothing if nothing was compared"""
    if not result:
        return []
    runs = [[run["command"], run["commit"], run["date"], run["cpu"], run["host"]]
            for run in result["runs"]]
    return [*layout.markdown(["command", "commit", "date", "CPU", "host"], runs), "",
            f"{summary(result)}.", "",
            *layout.markdown(["", "compared", "differ", "by most"], by_scenario(result)), "",
            *layout.markdown(["differ", "by", "why"], differing(result)), "",
            *layout.markdown(["not compared", "figures", "why"], without(result))]
