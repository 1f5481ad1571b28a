# SPDX-License-Identifier: GPL-2.0
"""Do two runs give the same?"""

from .records import key, pages_of_disk

# While tasks wait for the host, no instructions are counted. And stress-ng rounds its
# time in the kernel, which sys has as well.
NOT_REPEATED = ("elapsed_s", "system_s")
# On more than one CPU, which the host runs as it likes
WITHOUT_CLOCK = ("contention",)


def repeatable(record):
    """It has figures, which count instructions, and never waited for the host's disk."""
    return (bool(record["figures"]) and not pages_of_disk(record) and
            record["scenario"] not in WITHOUT_CLOCK)


def difference(a, b):
    """In percent of the larger"""
    return 100 * abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0


def pairs(first, second):
    """Record, figure, and its two values, of what is in both"""
    theirs = {key(r): r for r in second}
    for record in filter(repeatable, first):
        other = theirs.get(key(record))
        if not other or not repeatable(other):
            continue
        for figure, value in record["figures"].items():
            if figure in other["figures"] and figure not in NOT_REPEATED:
                yield record, figure, value, other["figures"][figure]


def compare(first, second, percent):
    """Print all figures that differ by more; returns how many do."""
    compared = differ = 0
    for record, figure, value, other in pairs(first, second):
        apart = difference(value, other)
        compared += 1
        if apart > percent:
            differ += 1
            print(f"{apart:6.2f} %  {', '.join(key(record))}: {figure} "
                  f"{value:,.0f} and {other:,.0f}")
    print(f"{compared} figures, {differ} of them differ by over {percent:g} %")
    return differ
