# SPDX-License-Identifier: GPL-2.0
"""The report that is committed, in Documentation/bench: put it there, and check it."""

import pathlib
import re
import shutil

from . import aims, bench, quotes, records
from .records import Error

PLACE = "Documentation/bench"
# What must not be named while it isn't there
NAMED = re.compile(r"Documentation/bench/[\w.-]+\.(?:md|jsonl|json|svg)")
# What makes a run one of a part only
PART = ("--quick", "--only", "--peers", "--equal", "--same", "--cpus")


def pages(root):
    """Files that may quote the report"""
    found = [root / "README.md", *sorted((root / "Documentation").rglob("*.rst"))]
    return [path for path in found if path.is_file()]


def plots_of(report):
    """Files that a report shows"""
    return re.findall(r"^!\[.*\]\((.*\.svg)\)$", report, re.M)


def publish(root, source):
    """Copy the report of a whole run, and have everything quote it"""
    host = bench.load_host(source)
    part = [word for word in PART if word in host["command"].split()]
    if part:
        raise Error(f"{source}: of '{host['command']}': a part is no report; run `make bench`")
    found = records.load(source / "records.jsonl")
    report = (source / "report.md").read_text(encoding="utf-8")
    place = root / PLACE
    for old in place.glob("*.svg"):
        old.unlink()
    for name in ("report.md", "records.jsonl", "host.json", *plots_of(report)):
        shutil.copyfile(source / name, place / name)
    for path in pages(root):
        text = path.read_text(encoding="utf-8")
        new = quotes.write(text, found, plots_of(report))
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(root)}: figures are the report's now")
    print(f"{PLACE} has the report of commit {host['commit']}: look at it, and commit")


def missing_files(root):
    """Files of the report that are named, but aren't there"""
    wrong = []
    for path in pages(root):
        for name in sorted(set(NAMED.findall(path.read_text(encoding="utf-8")))):
            if not (root / name).exists():
                wrong.append(f"{path.relative_to(root)}: there is no {name}")
    return wrong


def count_quotations(root):
    """In all pages; an error says in which one something is not whole"""
    number = 0
    for path in pages(root):
        try:
            number += quotes.count(path.read_text(encoding="utf-8"))
        except Error as error:
            raise Error(f"{path.relative_to(root)}: {error}") from error
    return number


def wrong_report(root, found):
    """Is report.md what the records say?"""
    place = root / PLACE
    have = (place / "report.md").read_text(encoding="utf-8")
    plots = re.findall(r"^!\[(.*)\]\((.*\.svg)\)$", have, re.M)
    wrong = [f"{PLACE}: there is no {name}" for _, name in plots if not (place / name).exists()]
    want = bench.text(found, bench.load_host(place), aims.load(root / "bench/aims.toml"), plots)
    if have != want:
        wrong.append(f"{PLACE}/report.md is not what records.jsonl and bench/aims.toml give: run "
                     f"`bench/report bench {PLACE}`")
    return wrong


def wrong_quotes(root, found):
    plots = plots_of((root / PLACE / "report.md").read_text(encoding="utf-8"))
    wrong = []
    for path in pages(root):
        where = path.relative_to(root)
        try:
            differs = quotes.differences(path.read_text(encoding="utf-8"), found, plots)
        except Error as error:
            differs = [str(error)]
        wrong += [f"{where}: {line}" for line in differs]
    return wrong


def check(root):
    """Print what is wrong, or that there is no report; returns whether all is right."""
    root = pathlib.Path(root)
    number = count_quotations(root)
    wrong = missing_files(root)
    if (root / PLACE / "records.jsonl").exists():
        found = records.load(root / PLACE / "records.jsonl")
        wrong += wrong_report(root, found) + wrong_quotes(root, found)
        if not wrong:
            print(f"{number} quotations are what the report says")
    else:
        print(f"no report is committed: {number} quotations of it were not compared "
              "(make bench && make bench-report)")
    for line in wrong:
        print(line)
    return not wrong
