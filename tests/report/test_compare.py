# SPDX-License-Identifier: GPL-2.0
"""Comparing two runs"""

import json
import pathlib
import tempfile
import unittest

from bench.reporting import compare
from bench.reporting.records import Error
from tests.report.samples import HOST, pages, record


def compared(first, second, percent=1):
    """How many figures are wrong, and what is printed"""
    result = compare.compare(first, second, percent)
    return compare.unexplained(result), "\n".join(compare.lines(result))


class Compare(unittest.TestCase):
    def test_what_differs(self):
        wrong, text = compared([pages("zspm", 1000, 700)], [pages("zspm", 1020, 700)])
        self.assertEqual(wrong, 1)
        self.assertIn("1.96 %  pages, zspm, 60 % zeroes: out_ns 1,000 and 1,020", text)
        self.assertEqual(compared([pages("zspm", 1000, 700)], [pages("zspm", 1020, 700)], 2)[0], 0)

    def test_a_record_of_one_run_only(self):
        wrong, text = compared([pages("zspm", 1, 1)], [pages("zspm", 1, 1), pages("null", 2, 2)])
        self.assertEqual(wrong, 1)
        self.assertIn("missing: pages, null, 60 % zeroes: it is in the second run only", text)

    def test_a_figure_of_one_run_only(self):
        wrong, text = compared([pages("zspm", 1, 1)], [pages("zspm", 1, 1, lz4_ratio=2)])
        self.assertEqual(wrong, 1)
        self.assertIn("lz4_ratio: it is in the second run only", text)

    def test_what_failed(self):
        wrong, text = compared([record("pages", "zspm")], [pages("zspm", 1, 1)])
        self.assertEqual(wrong, 1)
        self.assertIn("it failed in the first run", text)
        wrong, text = compared([record("pages", "zspm")], [record("pages", "zspm")])
        self.assertEqual(wrong, 0)
        self.assertIn("left out: pages, zspm, 60 % zeroes: it failed in both", text)

    def test_a_page_of_the_disk_leaves_out_what_it_spoils(self):
        one, two = pages("zspm", 1000, 700), pages("zspm", 1000, 900, in_mean_ns=1)
        for run in (one, two):
            run["counters"].update(zswpout=1000, pswpin=1)
        wrong, text = compared([one], [two])
        self.assertIn("in_p50_ns 700 and 900", text)
        self.assertIn("left out: pages, zspm, 60 % zeroes: in_mean_ns, in_p999_ns: waited for the "
                      "swap disk", text)
        self.assertEqual(wrong, 2)      # p50, p99

    def test_contention_is_left_out(self):
        one = record("contention", "zspm", "2 CPUs", {"out_locked": 1})
        wrong, text = compared([one], [one])
        self.assertEqual(wrong, 0)
        self.assertIn("out_locked: the host runs the VM's CPUs as it likes", text)

    def test_zrams_pages_do_not_wait(self):
        one = record("mix", "zram+lz4", figures={"iops": 100}, pswpin=1)
        two = record("mix", "zram+lz4", figures={"iops": 0}, pswpin=1)
        self.assertEqual(compared([one], [two])[0], 1)

    def test_elapsed_time_is_left_out(self):
        one = record("kbuild", "zspm", figures={"elapsed_s": 1.0, "cpu_s": 1.0})
        two = record("kbuild", "zspm", figures={"elapsed_s": 9.0, "cpu_s": 1.0})
        wrong, text = compared([one], [two])
        self.assertEqual(wrong, 0)
        self.assertIn("elapsed_s: while tasks wait", text)

    def test_a_known_reason_up_to_its_bound(self):
        wrong, text = compared([pages("mapped", 1000, 700)], [pages("mapped", 1020, 700)])
        self.assertEqual(wrong, 0)
        self.assertIn("1.96 %", text)
        self.assertIn("freed in batches", text)
        self.assertEqual(compared([pages("mapped", 1000, 700)], [pages("mapped", 1040, 700)])[0], 1)


class File(unittest.TestCase):
    """As bench/report compare --write leaves it"""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = pathlib.Path(directory.name)
        for name, out in (("one", 1000), ("two", 1020)):
            (self.place / name).mkdir()
            (self.place / name / "records.jsonl").write_text(
                json.dumps(pages("zspm", out, 700)) + "\n")
            (self.place / name / "host.json").write_text(json.dumps({**HOST, "commit": name}))

    def write(self):
        first, second = (self.place / name / "records.jsonl" for name in ("one", "two"))
        result = compare.compare([pages("zspm", 1000, 700)], [pages("zspm", 1020, 700)], 1)
        compare.write(self.place / "two/compare.json", result, first, second)

    def test_table(self):
        self.assertIsNone(compare.load(self.place / "two"))
        self.assertEqual(compare.table(None), [])
        self.write()
        text = "\n".join(compare.table(compare.load(self.place / "two")))
        for want in ("| bench/run | one | 2026-01-02 |", "| bench/run | two |",
                     "| pages, zspm, 60 % zeroes | out_ns | 1,000 | 1,020 | 1.96 | not known |"):
            self.assertIn(want, text)

    def test_of_other_records(self):
        self.write()
        (self.place / "two/records.jsonl").write_text(json.dumps(pages("zspm", 1, 1)) + "\n")
        with self.assertRaisesRegex(Error, "not of these records"):
            compare.load(self.place / "two")

    def test_a_run_with_itself(self):
        result = compare.compare([], [], 1)
        path = self.place / "two/records.jsonl"
        compare.write(self.place / "two/compare.json", result, path, path)
        with self.assertRaisesRegex(Error, "and others"):
            compare.load(self.place / "two")


if __name__ == "__main__":
    unittest.main()
