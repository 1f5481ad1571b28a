# SPDX-License-Identifier: GPL-2.0
"""The report that is committed, in Documentation/bench: put it there, and check it."""

import json
import pathlib
import re
import tempfile

from . import aims, bench, compare, quotes, records
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


def refuse_part(source, host):
    """The run must be whole. What was added to it may be a part, as the report says what of, but
    must have been measured alike."""
    if set(PART) & set(host["command"].split()):
        raise Error(f"{source}: of '{host['command']}': a part is no report; run `make bench`")
    for added in host.get("added", []):
        if aims.is_quick(added):
            raise Error(f"{source}: '{added['command']}' has done less than the others")
        for word in ("clock", "settings"):
            if added[word] != host[word]:
                raise Error(f"{source}: '{added['command']}' has another {word}")


def quick_run(directory):
    """How long all of a quick run took"""
    host = bench.load_host(directory)
    return {word: host.get(word, "") for word in ("command", "commit", "date", "took")}


def publish(root, source, note="", quick=None):
    """Make the report of a whole run, and have everything quote it. What stands beside the
    records is not taken, but for the host and a comparison of two runs."""
    host = bench.load_host(source)
    refuse_part(source, host)
    host.pop("note", None)
    host.update({"note": note} if note else {}, **({"quick": quick_run(quick)} if quick else {}))
    found = records.load(source / "records.jsonl")
    comparison = compare.load(source)
    place = root / PLACE
    with tempfile.TemporaryDirectory() as directory:
        made = bench.write(directory, found, host, aims.load(root / "bench/aims.toml"), comparison)
        files = {name: pathlib.Path(directory, name).read_bytes()
                 for name in ("report.md", *(name for _, name in made))}
    for name in ("records.jsonl", *([compare.FILE] if comparison else [])):
        files[name] = (source / name).read_bytes()
    files["host.json"] = (json.dumps(host, indent=2, ensure_ascii=False) + "\n").encode()
    for old in (*place.glob("*.svg"), place / compare.FILE):
        old.unlink(missing_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    write_quotes(root, found, [name for _, name in made])
    print(f"{PLACE} has the report of commit {host['commit']}: look at it, and commit")


def write_quotes(root, found, plots):
    for path in pages(root):
        text = path.read_text(encoding="utf-8")
        new = quotes.write(text, found, plots)
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(root)}: figures are the report's now")


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


def version_of(svg):
    """Of matplotlib, by which it was drawn"""
    found = re.search(r"Matplotlib v([0-9.]+[0-9])", svg)
    return found[1] if found else "?"


def wrong_plots(place, made, drawn):
    """Are they what the records give? Another matplotlib draws other lines: then only whether
    they are there is known, which is said."""
    wrong = [f"{PLACE}/{path.name} is in no report" for path in sorted(place.glob("*.svg"))
             if path.name not in made]
    for name in made:
        if not (place / name).exists():
            wrong.append(f"{PLACE}: there is no {name}")
            continue
        have, want = (pathlib.Path(d, name).read_text(encoding="utf-8") for d in (place, drawn))
        if version_of(have) != version_of(want):
            print(f"{name} is of matplotlib {version_of(have)}, here is {version_of(want)}: "
                  "it was not compared")
        elif have != want:
            wrong.append(f"{PLACE}/{name} is not what records.jsonl gives")
    return wrong


def without_why(found, all_aims, host, comparison):
    """Aims that are missed, and nobody says why"""
    return [f"bench/aims.toml: '{row[0]}' (issue {row[1]}) is missed, and no line says why"
            for row in aims.rows(found, all_aims, host, comparison)
            if row[-1].startswith(aims.MISSED) and ": " not in row[-1]]


def wrong_report(root, found):
    """Are report.md and the plots what the records say?"""
    place = root / PLACE
    all_aims, host = aims.load(root / "bench/aims.toml"), bench.load_host(place)
    comparison = compare.load(place)
    with tempfile.TemporaryDirectory() as drawn:
        made = [name for _, name in bench.write(drawn, found, host, all_aims, comparison)]
        wrong = wrong_plots(place, made, drawn)
        want = pathlib.Path(drawn, "report.md").read_text(encoding="utf-8")
    if (place / "report.md").read_text(encoding="utf-8") != want:
        wrong.append(f"{PLACE}/report.md is not what records.jsonl and bench/aims.toml give: run "
                     f"`bench/report publish {PLACE}`, with the note of its host.json")
    return wrong + without_why(found, all_aims, host, comparison)


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
