# SPDX-License-Identifier: GPL-2.0
"""Marks of what waited for the swap disk, and percentiles of too few samples"""

import pathlib
import re
import unittest

from bench.reporting import latency, tables
from bench.reporting.columns import column_of
from bench.reporting.records import Error, waited_for_disk
from bench.reporting.units import MIB
from tests.report.samples import pages, record

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cells(found):
    """Of a record, by the columns' names"""
    head, rows = tables.scenario_rows([found], found["scenario"])
    return dict(zip(head, rows[0]))


class Disk(unittest.TestCase):
    def test_a_page_spoils_what_is_of_all(self):
        found = pages("zsmalloc+lz4", 1000, 700)
        found["counters"].update(zswpout=1000, zswpin=1000, pswpin=1)
        have = cells(found)
        self.assertEqual([have[c] for c in ("out", "use: mean", "p50", "p99", "p99.9")],
                         ["1,000", "701*", "700", "1,400", "2,100*"])

    def test_one_in_a_hundred_spoils_the_others(self):
        found = pages("zsmalloc+lz4", 1000, 700)
        found["counters"].update(zswpout=500, zswpin=500, pswpin=20)
        have = cells(found)
        self.assertEqual([have[c] for c in ("out", "p50", "p99")], ["1,000*", "700*", "1,400*"])

    def test_what_was_demoted_has_moved_too(self):
        found = record("tail", "mapped", "relief", {}, demoted=5000, promoted_write=4000,
                       pswpout=30)
        self.assertFalse(waited_for_disk(found, "out_p50_ns"))
        self.assertTrue(waited_for_disk(found, "out_p999_ns"))
        self.assertTrue(waited_for_disk(found, "out_max_ns"))

    def test_elapsed_time_waits_and_cpu_time_does_not(self):
        found = record("kbuild", "mapped", "2 at once", {"cpu_s": 1.0, "elapsed_s": 2.0}, pswpin=9)
        have = cells(found)
        self.assertEqual((have["CPU, s"], have["elapsed, s"]), ("1.00", "2.00*"))

    def test_what_a_device_reaches(self):
        have = cells(record("outrun", "zspm", "python", {
            "ratio": 2.5116, "lacks_bytes": 20 << 20, "stopped_ns": 1338991559, "over_bytes": 2048,
            "mark_bytes": 1 << 20, "refused_budget": 7, "wrong": 0}))
        self.assertEqual([have[c] for c in ("ratio", "lacks, MiB", "stopped after, ms", "refused")],
                         ["2.51", "20", "1,339.0", "7"])

    def test_clients(self):
        found = record("redis", "disk", "GET", {"ops": 5, "ops_s": 4, "mean_ns": 3e3}, pswpin=1,
                       system_us=10)
        have = cells(found)
        self.assertEqual([have[c] for c in ("requests/s", "CPU for each, us", "mean, us")],
                         ["4*", "2.00", "3.00*"])

    def test_none_of_zrams_or_without(self):
        found = pages("zram+lz4", 1000, 700)
        found["counters"].update(pswpin=10)
        self.assertEqual(cells(found)["use: mean"], "701")
        self.assertEqual(cells(pages("zspm", 1, 700))["use: mean"], "701")

    def test_what_zram_writes_back_waits(self):
        for counter in ("written_back", "read_back"):
            found = pages("zram+lz4+writeback", 1000, 700)
            found["counters"].update({"pswpin": 10, counter: 1})
            self.assertEqual(cells(found)["use: mean"], "701*", counter)


class Dram(unittest.TestCase):
    def test_more_than_it_may_is_marked(self):
        for peak, want in ((None, "-"), (100, "100"), (103, "103"), (104, "104!")):
            found = pages("zram+lz4", 1000, 700)
            found["counters"].update(dram_bytes=100 * MIB,
                                     dram_peak_bytes=peak and peak * MIB)
            have = cells(found)
            self.assertEqual((have["DRAM MiB"], have["most"]), ("100", want))

    def test_without_a_limit(self):
        have = cells(pages("zspm", 1000, 700))
        self.assertEqual((have["DRAM MiB"], have["most"]), ("-", "-"))


class Samples(unittest.TestCase):
    def test_of_too_few_is_none(self):
        for number, want in ((99, ["-", "-"]), (100, ["1,400", "-"]), (999, ["1,400", "-"]),
                             (1000, ["1,400", "2,100"])):
            have = cells(pages("zsmalloc+lz4", 1000, 700, pages=number))
            self.assertEqual([have["p99"], have["p99.9"]], want, number)

    def test_calls_of_several_pages(self):
        figures = {"pages": 4096, "rounds": 3, "out_p50_ns": 1, "out_p999_ns": 2, "out_max_ns": 3,
                   "use_p50_ns": 4, "use_p999_ns": 5, "use_max_ns": 6}
        for case, want in (("1 at a time", "2"), ("16 at a time", "-"), ("256 at a time", "-"),
                           ("trims of 15 ms", "2")):
            have = cells(record("tail", "zspm", case, figures))
            self.assertEqual((have["out: p99.9"], have["out: longest"], have["use: p99.9"]),
                             (want, "3", "5"), case)

    def test_nothing_is_computed_of_it(self):
        found = pages("zspm", 1000, 700, pages=99)
        self.assertIsNone(latency.paid(found, column_of("pages", "in_p99_ns"), 250, False))

    def test_without_a_count_it_is_shown(self):
        have = cells(record("mix", "zspm", figures={"p999_ns": 5000}))
        self.assertEqual(have["p99.9, us"], "5.00")


class OnePlace(unittest.TestCase):
    def test_no_such_column(self):
        with self.assertRaisesRegex(Error, "pages has no ops_s"):
            column_of("pages", "ops_s")

    def test_readmix_adds_up_the_delays_of_the_model(self):
        text = (ROOT / "bench/guest/lib.sh").read_text(encoding="utf-8")
        found = re.search(r"^readonly delays=\((.*)\)$", text, re.MULTILINE)
        self.assertEqual(tuple(map(int, re.findall(r"-d (\d+)", found[1]))), latency.DELAYS)


if __name__ == "__main__":
    unittest.main()
