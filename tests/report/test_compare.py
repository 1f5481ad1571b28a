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

    def test_what_no_whole_run_has(self):
        long = record("kernel", "zspm", "tinyconfig", {"cpu_s": 300.0})
        wrong, text = compared([pages("zspm", 1, 1), long], [pages("zspm", 1, 1)])
        self.assertEqual(wrong, 0)
        self.assertIn("left out: kernel, zspm, tinyconfig: it is in the first run only", text)
        wrong, _ = compared([long], [record("kernel", "zspm", "tinyconfig", {"cpu_s": 330.0})])
        self.assertEqual(wrong, 1)

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
        self.assertIn("out_locked, cpu_us: the host runs the VM's CPUs as it likes", text)

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

    def test_the_kernels_part_of_cpu_time_is_left_out_and_all_of_it_is_not(self):
        def run(system, user):
            return record("mmap-read", "zspm", figures={"system_ms": system / 1000},
                          system_us=system, user_us=user)
        wrong, text = compared([run(70000, 30000)], [run(50000, 50000)])
        self.assertEqual(wrong, 0)
        self.assertIn("left out: mmap-read, zspm, 60 % zeroes: system_ms: ticks tell", text)
        wrong, text = compared([run(70000, 30000)], [run(70000, 35000)])
        self.assertEqual(wrong, 1)
        self.assertIn("cpu_us 100,000 and 105,000", text)

    def test_cpu_time_of_what_waited_for_the_disk_is_left_out(self):
        def run(user):
            return record("mmap-read", "disk", figures={"ios": 1}, user_us=user, pswpin=1)
        wrong, text = compared([run(1000)], [run(2000)])
        self.assertEqual(wrong, 0)
        self.assertIn("cpu_us: waited for the swap disk, which takes", text)

    def test_the_same_cpu_time_explains_a_time_and_no_count(self):
        def run(rate, moved, user):
            return record("redis", "zspm", figures={"ops_s": rate, "moved": moved}, user_us=user)
        wrong, text = compared([run(1000, 5, 10000)], [run(1100, 5, 10050)])
        self.assertEqual(wrong, 0)
        self.assertIn("ops_s 1,000 and 1,100 (its CPU time is within 1 %", text)
        self.assertEqual(compared([run(1000, 5, 10000)], [run(1100, 5, 11000)])[0], 2)
        self.assertEqual(compared([run(1000, 5, 10000)], [run(1000, 6, 10050)])[0], 1)
        self.assertEqual(compared([run(1000, 5, 0)], [run(1100, 5, 0)])[0], 1)

    def test_other_pages_explain_so_much_and_no_more(self):
        def run(rate, faults):
            return record("redis", "zspm", figures={"ops_s": rate}, user_us=10 * rate,
                          pgmajfault=faults)
        wrong, text = compared([run(1000, 1000)], [run(1100, 1030)])
        self.assertEqual(wrong, 0)
        self.assertIn("(other pages were out: pgmajfault 1,000 and 1,030)", text)
        self.assertEqual(compared([run(1000, 1000)], [run(1200, 1030)])[0], 2)
        # A few pages are no reason.
        self.assertEqual(compared([run(1000, 10)], [run(1100, 20)])[0], 2)

    def test_more_that_waited_for_the_disk(self):
        def run(p50, pages_in):
            return record("redis", "mapped", figures={"p50_ns": p50}, demoted=10000,
                          pswpin=pages_in)
        wrong, text = compared([run(1000, 50)], [run(1100, 0)])
        self.assertEqual(wrong, 0)
        self.assertIn("(50 and 0 pages were on the swap disk)", text)
        self.assertEqual(compared([run(1000, 50)], [run(1100, 50)])[0], 1)

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
                     "| pages | 10 | 1 | zspm, 60 % zeroes: out_ns 2.0 % |",
                     "| pages | zspm, 60 % zeroes: out_ns 2.0 % | not known |"):
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
