# SPDX-License-Identifier: GPL-2.0
"""What had to be reached, from bench/aims.toml, and what was."""

import fnmatch
import tomllib

from . import compare, layout
from .columns import columns_of, kept
from .latency import paid
from .records import Error, best_software, figure, find, waited_for_disk
from .units import show

KEYS = {"name", "issue", "value", "of", "plus", "spread", "run", "delay", "at_least", "at_most",
        "why"}
NOT_RUN = "not run"
FAILED = "failed"
MISSED = "MISSED"
NOT_JUDGED = "not judged, as a quick run does too little"


class Missing(Exception):
    """Why there is no value"""


def is_quick(host):
    """Does a run do too little to be judged?"""
    return "--quick" in host.get("command", "").split()


def quick_minutes(host, _):
    """How long all of a quick run took: of this one, or of one that was published with this"""
    for run in (host, host.get("quick", {})):
        words = run.get("command", "").split()
        if run.get("took") and is_quick(run) and not {"--only", "--peers"} & set(words):
            return sum(run["took"].values()) / 60
    raise Missing(NOT_RUN)


def differing(_, comparison):
    """Figures of two runs that differ, and no reason is known, or that are missing in one"""
    if not comparison:
        raise Missing(NOT_RUN)
    return compare.unexplained(comparison)


# What an aim may say of the run itself
RUNS = {"quick": quick_minutes, "differing": differing}
SUBJECTS = {"value", "spread", "run"}


def load(path):
    """The aims of a file, checked"""
    try:
        with open(path, "rb") as file:
            aims = tomllib.load(file)["aim"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise Error(f"{path}: {error}") from error
    for aim in aims:
        unknown = set(aim) - KEYS
        if unknown:
            raise Error(f"{path}: {aim.get('name')}: unknown: {', '.join(sorted(unknown))}")
        if ("at_least" in aim) == ("at_most" in aim) or len(SUBJECTS & set(aim)) != 1:
            raise Error(f"{path}: {aim.get('name')}: needs one of at_least and at_most, "
                        "and one of value and spread and run")
        if aim.get("run", "quick") not in RUNS:
            raise Error(f"{path}: {aim.get('name')}: nothing is known of a run's {aim['run']}")
        for reference in (aim[k] for k in ("value", "of", "spread") if k in aim):
            if len(reference.split("|")) != 4:
                raise Error(f"{path}: {aim.get('name')}: '{reference}' is not "
                            "'scenario | peer | case | figure'")
    return aims


def parts(reference):
    return [part.strip() for part in reference.split("|")]


def record_of(records, scenario, peer, case, name):
    """Peers "software, most" and "software, least": the best of what takes no device"""
    if peer.startswith("software,"):
        return best_software(records, scenario, case, name, peer.endswith("most"))
    return find(records, scenario, peer, case)


def lookup(records, reference, delay):
    """The figure, with a device of that delay"""
    scenario, peer, case, name = parts(reference)
    record = record_of(records, scenario, peer, case, name)
    if not record:
        raise Missing(NOT_RUN)
    if name == "rc":
        return record["rc"]
    if record["figures"] is None:
        raise Missing(FAILED)
    if waited_for_disk(record, name):
        raise Missing("not known, it waited for the swap disk")
    value = kept(record["counters"]) if name == "kept" else figure(record, name)
    if delay:
        column = next((c for c in columns_of(scenario) if c.key == name), None)
        value = paid(record, column, delay, False) if column else None
        if value is not None and column.per:
            value = 1e9 / value     # the figure is a time; the column a rate
        if value is None:
            raise Missing("not known with such a device")
    if value is None:
        raise Missing(NOT_RUN)
    return value


def spread(records, reference):
    """Most by least, of all cases that fit"""
    scenario, peer, case, name = parts(reference)
    values = [figure(r, name) for r in records if (r["scenario"], r["peer"]) == (scenario, peer)
              and fnmatch.fnmatchcase(r["case"], case)]
    if None in values:
        raise Missing(FAILED)
    if len(values) < 2 or not min(values):
        raise Missing(NOT_RUN)
    return max(values) / min(values)


def measured(records, aim, host, comparison):
    """The value that the aim is about"""
    if "run" in aim:
        return RUNS[aim["run"]](host, comparison)
    if "spread" in aim:
        return spread(records, aim["spread"])
    delay = aim.get("delay", 0)
    value = lookup(records, aim["value"], delay)
    if "of" in aim:
        base = lookup(records, aim["of"], delay) + aim.get("plus", 0)
        if not base:
            raise Missing("nothing to divide by")
        value /= base
    return value


def form(value):
    """Factors with two digits, instructions without"""
    return show(value, "times" if abs(value) < 1000 else "")


def judge(value, aim):
    """In words"""
    bound = aim.get("at_least", aim.get("at_most"))
    if value >= bound if "at_least" in aim else value <= bound:
        return "reached"
    by = f"{abs(1 - value / bound):.1%}" if bound else f"{abs(value):g}"
    return f"{MISSED} by {by}: {aim['why']}" if "why" in aim else f"{MISSED} by {by}"


def row(records, aim, host, comparison=None):
    sign = "at least" if "at_least" in aim else "at most"
    bound = f"{sign} {form(aim.get('at_least', aim.get('at_most')))}"
    try:
        value = measured(records, aim, host, comparison)
    except Missing as missing:
        return [aim["name"], str(aim["issue"]), "-", bound, str(missing)]
    judged = "run" in aim or not is_quick(host)
    return [aim["name"], str(aim["issue"]), form(value), bound,
            judge(value, aim) if judged else NOT_JUDGED]


HEAD = ["aim", "issue", "measured", "bound", ""]


def rows(records, aims, host, comparison=None):
    """One for each aim, whether there is a figure for it or not"""
    return [row(records, aim, host, comparison) for aim in aims]


def table(records, aims, host, comparison=None):
    """In Markdown"""
    return layout.markdown(HEAD, rows(records, aims, host, comparison))
