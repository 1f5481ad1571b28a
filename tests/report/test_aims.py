# SPDX-License-Identifier: GPL-2.0
"""Aims: reached, missed by how much, not run, failed"""

import pathlib
import tempfile
import unittest

from bench.reporting import aims, compare
from bench.reporting.columns import COLUMNS
from bench.reporting.records import Error
from tests.report.samples import HOST, pages, record

FILE = pathlib.Path(__file__).resolve().parents[2] / "bench/aims.toml"
RATIO = {"name": "times", "issue": 1, "value": "pages | zsmalloc+lz4 | 60 % zeroes | out_ns",
         "of": "pages | zspm | 60 % zeroes | out_ns", "at_least": 6}


def judged(aim, found):
    """Measured, bound and verdict"""
    return aims.row(found, aim, HOST, None)[2:]


class Verdicts(unittest.TestCase):
    def test_reached_at_the_bound(self):
        found = [pages("zsmalloc+lz4", 60, 1), pages("zspm", 10, 1)]
        self.assertEqual(judged(RATIO, found), ["6.00", "at least 6.00", "reached"])

    def test_missed_however_little(self):
        found = [pages("zsmalloc+lz4", 59999, 1), pages("zspm", 10000, 1)]
        self.assertEqual(judged(RATIO, found), ["6.00", "at least 6.00", "MISSED by 0.0%"])
        found = [pages("zsmalloc+lz4", 45, 1), pages("zspm", 10, 1)]
        self.assertEqual(judged({**RATIO, "why": "so"}, found)[2], "MISSED by 25.0%: so")

    def test_at_most(self):
        aim = {"name": "", "issue": 1, "value": "pages | zspm | 60 % zeroes | out_ns",
               "at_most": 2200}
        self.assertEqual(judged(aim, [pages("zspm", 2200, 1)]),
                         ["2,200", "at most 2,200", "reached"])
        self.assertEqual(judged(aim, [pages("zspm", 3300, 1)])[2], "MISSED by 50.0%")

    def test_not_run_and_failed(self):
        self.assertEqual(judged(RATIO, [])[2], "not run")
        self.assertEqual(judged(RATIO, [pages("zsmalloc+lz4", 1, 1)])[2], "not run")
        found = [pages("zsmalloc+lz4", 1, 1), record("pages", "zspm")]
        self.assertEqual(judged(RATIO, found)[2], "failed")

    def test_nothing_to_divide_by(self):
        found = [pages("zsmalloc+lz4", 60, 1), pages("zspm", 0, 1)]
        self.assertEqual(judged(RATIO, found)[2], "nothing to divide by")

    def test_plus(self):
        found = [pages("zsmalloc+lz4", 60, 1), pages("zspm", 10, 1)]
        self.assertEqual(judged({**RATIO, "plus": 5}, found)[0], "4.00")


class Values(unittest.TestCase):
    def test_spread(self):
        aim = {"name": "", "issue": 1, "spread": "scaling | zspm | * nodes | out_ns",
               "at_most": 1.03}
        found = [pages("zspm", 100, 1, "2 nodes", "scaling"),
                 pages("zspm", 102, 1, "3 nodes", "scaling"),
                 pages("zspm", 900, 1, "8 threads", "scaling")]
        self.assertEqual(judged(aim, found), ["1.02", "at most 1.03", "reached"])
        self.assertEqual(judged(aim, found[1:])[2], "not run")
        self.assertEqual(judged(aim, [*found, record("scaling", "zspm", "4 nodes")])[2], "failed")

    def test_best_software_with_a_device_of_some_delay(self):
        aim = {"name": "", "issue": 1, "value": "mix | zspm | c | iops", "delay": 250,
               "of": "mix | software, most | c | iops", "at_least": 1}
        found = [record("mix", "zspm", "c", {"iops": 1e6, "ios": 10}, zswpin=10),
                 record("mix", "zram+lz4", "c", {"iops": 25000, "ios": 10}),
                 record("mix", "zsmalloc+lz4", "c", {"iops": 50000, "ios": 10})]
        self.assertEqual(judged(aim, found)[0], f"{1e9 / (1000 + 16000) / 50000:.2f}")

    def test_a_time_whose_column_is_a_rate(self):
        aim = {"name": "", "issue": 1, "value": "write-storm | zspm | c | use_ns", "delay": 250,
               "at_most": 20000}
        found = [pages("zspm", 1, 1, "c", "write-storm", use_ns=1000)]
        self.assertEqual(judged(aim, found)[0], "17,000")

    def test_not_known(self):
        aim = {"name": "", "issue": 1, "value": "redis | mapped | GET | ops_s", "delay": 250,
               "at_least": 1}
        found = [record("redis", "mapped", "GET", {"ops_s": 5, "ops": 10}, demoted=1)]
        self.assertEqual(judged(aim, found)[2], "not known with such a device")

    def test_kept(self):
        aim = {"name": "", "issue": 1, "value": "redis | mapped | GET | kept", "at_least": 0.9}
        found = [record("redis", "mapped", "GET", {"ops_s": 5}, all_demoted=100, all_undone=5)]
        self.assertEqual(judged(aim, found), ["0.95", "at least 0.90", "reached"])
        found = [record("redis", "mapped", "GET", {"ops_s": 5})]
        self.assertEqual(judged(aim, found)[2], "not run")


class Runs(unittest.TestCase):
    """Aims that are about the run"""

    def judged(self, what, host, comparison=None):
        aim = {"name": "", "issue": 1, "run": what, "at_most": 10 if what == "quick" else 0}
        return aims.row([], aim, host, comparison)[2:]

    def test_quick(self):
        took = {"prepare": 60, "pages": 480}
        quick = {**HOST, "command": "bench/run --quick", "took": took}
        self.assertEqual(self.judged("quick", quick), ["9.00", "at most 10.00", "reached"])
        self.assertEqual(self.judged("quick", {**HOST, "quick": quick})[2], "reached")
        quick["took"] = {"all": 720}
        self.assertEqual(self.judged("quick", quick)[2], "MISSED by 20.0%")

    def test_a_quick_run_is_judged_by_nothing_else(self):
        aim = {"name": "", "issue": 1, "value": "pages | zspm | c | out_ns", "at_most": 1}
        for command, verdict in (("bench/run", "MISSED by 900.0%"),
                                 ("bench/run --only pages --quick", aims.NOT_JUDGED)):
            host = {**HOST, "command": command}
            self.assertEqual(aims.row([pages("zspm", 10, 1, "c")], aim, host)[2:],
                             ["10.00", "at most 1.00", verdict])

    def test_quick_of_a_part_or_whole_is_none(self):
        for command in ("bench/run", "bench/run --quick --only 1",
                        "bench/run --quick --peers zspm"):
            host = {**HOST, "command": command, "took": {"all": 60}}
            self.assertEqual(self.judged("quick", host)[2], "not run", command)
        self.assertEqual(self.judged("quick", {**HOST, "command": "bench/run --quick"})[2],
                         "not run")

    def test_two_runs(self):
        self.assertEqual(self.judged("differing", HOST)[2], "not run")
        result = compare.compare([pages("zspm", 100, 7)], [pages("zspm", 100, 7)], 1)
        self.assertEqual(self.judged("differing", HOST, result)[2], "reached")
        result = compare.compare([pages("zspm", 100, 7)], [pages("zspm", 120, 7)], 1)
        self.assertEqual(self.judged("differing", HOST, result)[2], "MISSED by 1")


class Failures(unittest.TestCase):
    def test_what_failed_has_a_status(self):
        aim = {"name": "", "issue": 1, "value": "verify | zspm | c | rc", "at_most": 0}
        self.assertEqual(judged(aim, [record("verify", "zspm", "c", {"iops": 1})]),
                         ["0.00", "at most 0.00", "reached"])
        self.assertEqual(judged(aim, [record("verify", "zspm", "c")])[2], "MISSED by 1")
        self.assertEqual(judged(aim, [])[2], "not run")

    def test_what_waited_for_the_disk_is_not_known(self):
        found = [pages("zsmalloc+lz4", 60, 1), pages("zspm", 10, 1)]
        found[0]["counters"].update(pswpout=2000)
        self.assertEqual(judged(RATIO, found)[2], "not known, it waited for the swap disk")


class File(unittest.TestCase):
    def test_ours_is_right(self):
        for aim in aims.load(FILE):
            for reference in (aim[k] for k in ("value", "of", "spread") if k in aim):
                scenario, _, _, figure = aims.parts(reference)
                keys = [c.key for c in COLUMNS[scenario]]
                self.assertIn(figure, [*keys, "kept", "rc"], aim["name"])

    def test_fio_has_the_best_peer_at_each_latency_and_memory(self):
        all_aims = aims.load(FILE)
        for scenario in ("mmap-read", "mmap-write", "mix"):
            for case in ("60 % zeroes", "equal memory"):
                delays = [aim.get("delay", 0) for aim in all_aims if aim.get("of") ==
                          f"{scenario} | software, most | {case} | iops"]
                self.assertEqual(sorted(delays), [0, 250], (scenario, case))

    def test_what_the_issues_ask_for(self):
        names = " ".join(aim["name"] for aim in aims.load(FILE))
        for want in ("quick run", "two runs", "memory.spm.max", "fio verifies", "GET", "SETs"):
            self.assertIn(want, names)

    def test_each_has_a_line_without_any_record(self):
        all_aims = aims.load(FILE)
        self.assertEqual([r[4] for r in aims.rows([], all_aims, HOST)],
                         ["not run"] * len(all_aims))

    def test_faults_are_named(self):
        good = 'name = "n"\nissue = 1\n'
        for text, why in (("[[aim]]\n" + good + "at_least = 1\n", "value and spread"),
                          ("[[aim]]\n" + good + 'value = "a | b"\nat_most = 1\n', "is not"),
                          ("[[aim]]\n" + good + "typo = 1\n", "unknown: typo"),
                          ("[[aim]]\n" + good + 'run = "late"\nat_most = 1\n', "run's late"),
                          ("[[aim]\n", "aims"), ("", "aim")):
            with tempfile.NamedTemporaryFile("w", suffix="aims.toml") as file:
                file.write(text)
                file.flush()
                with self.assertRaisesRegex(Error, why):
                    aims.load(file.name)


if __name__ == "__main__":
    unittest.main()
