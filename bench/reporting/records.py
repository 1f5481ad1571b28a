# SPDX-License-Identifier: GPL-2.0
"""Records, as bench/guest writes them: one JSON object a line."""

import json
import re

from .units import is_software, position

CASE = "60 % zeroes"


class Error(Exception):
    """What is wrong, for whoever runs the command"""


def load(path):
    """All records of a file"""
    try:
        with open(path, encoding="utf-8") as lines:
            found = [json.loads(line) for line in lines if line.strip()]
    except OSError as error:
        raise Error(f"{path}: {error.strerror}: run bench/run first") from error
    except ValueError as error:
        raise Error(f"{path}: not a record: {error}") from error
    if not found:
        raise Error(f"{path}: nothing was measured")
    return found


def key(record):
    """What tells a record from the others"""
    return record["scenario"], record["peer"], record["case"]


def of_scenario(records, scenario):
    """In the order of peers; cases stay as they were measured."""
    return sorted((r for r in records if r["scenario"] == scenario),
                  key=lambda r: position(r["peer"]))


def scenarios(records):
    """In the order in which they were measured"""
    return list(dict.fromkeys(r["scenario"] for r in records))


def find(records, scenario, peer, case=CASE):
    """A record, or None"""
    for record in records:
        if key(record) == (scenario, peer, case):
            return record
    return None


def figure(record, name):
    """A number, or None: no record, or the peer failed, or there is no such figure."""
    if not record or not record["figures"]:
        return None
    return record["figures"].get(name)


def pages_of_disk(record):
    """Written to the swap disk, or read. All that zram takes counts as swapped, too."""
    counters = record["counters"]
    if "zram" in record["peer"]:
        return counters.get("written_back", 0) + counters.get("read_back", 0)
    return counters["pswpin"] + counters["pswpout"]


def demoted(counters):
    """vmstat counts the same pages again where SPM does."""
    return counters["demoted"] or counters["pgdemote_direct"] + counters["pgdemote_kswapd"]


def promoted(counters):
    return (counters["promoted_write"] + counters["promoted"] +
            counters.get("pgpromote_success", 0))


def pages_moved(record):
    """In and out, wherever to: to zswap, to a device, or to the swap disk"""
    counters = record["counters"]
    return (counters["zswpin"] + counters["zswpout"] + demoted(counters) + promoted(counters) +
            pages_of_disk(record))


# Figures that stand while less than a page in a hundred waited for the disk: pages are written
# to it while the task goes on, and a median, or a 99th percentile, is of the others.
OF_MOST = re.compile(r"(.*_)?(p50|p99)_ns.*|out_ns")
# Figures that a single page spoils: rates, means, the largest, what passed
OF_ALL = re.compile(r".*_ns(_.*)?|iops|write_iops|ops_s|elapsed_s")


def waited_for_disk(record, name):
    """Has that figure a wait for the swap disk in it? CPU time and counts never have."""
    pages = pages_of_disk(record)
    if OF_MOST.fullmatch(name):
        return pages > 0.01 * pages_moved(record)
    return pages > 0 and bool(OF_ALL.fullmatch(name))


def best_software(records, scenario, case, name, most):
    """The record of the best of what takes no device, or None"""
    candidates = [r for r in records if r["scenario"] == scenario and r["case"] == case and
                  is_software(r["peer"]) and figure(r, name) is not None]
    if not candidates:
        return None
    return (max if most else min)(candidates, key=lambda r: figure(r, name))
