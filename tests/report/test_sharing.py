# SPDX-License-Identifier: GPL-2.0
"""What contends on more than one CPU, the tail, and the study beside it"""

import json
import pathlib
import subprocess
import tempfile
import unittest

from bench.reporting import accelerators, bench, study, tables, words
from tests.report.samples import HOST, pages, record

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYMBOLS = """\
ffffffff81000000 T first
ffffffff81001000 T _raw_spin_lock
ffffffff81002000 T asm_sysvec_reschedule_ipi
ffffffff81003000 D data
"""
# Two pages in two rounds: four
COUNTS = """\
ran 1 ffffffff81000010 5 8
ran 1 ffffffff81002000 3 4
ran 1 ffffffff81002001 1 4
ran 2 ffffffffc0000000 2 2
locked 1 ffffffff81000020 12
locked 1 ffffffff81001008 8
shared 1 ffffffff81000020 2
shared 1 ffffffffa0000000 400
"""


def functions(counts, figures, *options):
    """What bench/profile/functions makes of it"""
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        (place / "counts").write_text(counts)
        (place / "System.map").write_text(SYMBOLS)
        done = subprocess.run(
            ["/usr/bin/python3", ROOT / "bench/profile/functions", *options, place / "counts",
             place / "System.map"],
            input=json.dumps(record("contention", "zspm", "2 CPUs", figures)), text=True,
            capture_output=True, check=True)
        return json.loads(done.stdout)


class Functions(unittest.TestCase):
    def test_sums_for_a_page(self):
        found = functions(COUNTS, {"pages": 2, "rounds": 2, "threads": 2}, "--sharing")
        figures = found["figures"]
        self.assertEqual(figures["out_locked"], 5)
        self.assertEqual(figures["out_locks"], 2)
        self.assertEqual(figures["out_ipis"], 1)
        self.assertEqual(figures["out_shared"], 402 / 4)
        self.assertEqual(figures["use_locked"], 0)

    def test_by_function(self):
        found = functions(COUNTS, {"pages": 2, "rounds": 2, "threads": 2}, "--sharing")
        self.assertEqual(found["sharing"]["out"]["locked"], {"first": 3, "_raw_spin_lock": 2})
        self.assertEqual(found["sharing"]["out"]["shared"], {"(modules)": 100, "first": 0.5})

    def test_a_peer_that_failed_has_none(self):
        self.assertNotIn("sharing", functions(COUNTS, None, "--sharing"))

    def test_the_profile_is_as_before(self):
        found = functions("1 ffffffff81000010 5 8\n2 1000 1 4\n", {"pages": 2, "rounds": 2})
        self.assertEqual(found["functions"], {"out": {"first": 10}, "use": {"(user space)": 1}})


def several(peer, threads, **functions_of_out):
    return {**record("contention", peer, f"{threads} CPUs", {"threads": threads}),
            "sharing": {"out": {"locked": functions_of_out, "shared": {}}}}


class Sharing(unittest.TestCase):
    def test_the_most_cpus_beside_each_other(self):
        text = tables.sharing_tables([several("zspm", 8, f=1.5, g=2), several("zspm", 2, f=9),
                                      several("mapped", 8, f=0.25)])
        self.assertEqual(text[0], "Push a page out: atomics, 8 CPUs:")
        self.assertEqual(text[2:], ["|  | zspm | mapped |", "|---|---:|---:|",
                                    "| `g` | 2.00 | - |", "| `f` | 1.50 | 0.25 |",
                                    "| all others | 0.00 | 0.00 |", "| sum | 3.50 | 0.25 |", ""])

    def test_none(self):
        self.assertEqual(tables.sharing_tables([record("contention", "zspm")]), [])


class Study(unittest.TestCase):
    def test_beside_each_other(self):
        found = [record("tail", "mapped", "1 at a time",
                        {"use_p50_ns": 5000, "use_p999_ns": 6000, "out_p50_ns": 9000}),
                 record("tail", "mapped", "16 at a time", {"out_p50_ns": 100000}),
                 {**record("profile", "mapped", "60 % zeroes, written", {"pages": 1}),
                  "functions": {"use": {"copy_mc_fragile": 1500, "copy_page": 16, "other": 9}}}]
        text = "\n".join(study.table(found))
        self.assertIn("| a write fault, p50 | 64 us | 5.00 | 21.00 | 69.00 |", text)
        self.assertIn("| of it, the copy | 1.4 us | 1.52 | 17.52 | 65.52 |", text)
        self.assertIn("| of it, migration | 49 us | - | - | - |", text)
        self.assertIn("| demote 16 pages | - | 100.00 | 356.00 | 1,124.00 |", text)
        self.assertIn("| demote 256 pages | - | - | - | - |", text)

    def test_nothing(self):
        self.assertEqual(study.table([record("tail", "mapped", "1 at a time")]), [])


class Accelerators(unittest.TestCase):
    def test_beside_each_other(self):
        found = [record("mix", "zspm", figures={"iops": 60000, "ios": 100}, system_us=25,
                        zswpin=100),
                 record("mix", "zsmalloc+lz4", figures={"iops": 20000, "ios": 100}, system_us=100),
                 record("redis", "zspm", "GET", {"p99_ns": 1000, "ops": 100}),
                 record("redis", "zsmalloc+lz4", "GET", {"p99_ns": 2500, "ops": 100})]
        text = "\n".join(accelerators.table(found))
        slower = 1e9 / (1e9 / 60000 + 16000) / 20000 - 1
        for want in ("+59.1 % | fio's mix: IOPS of zspm, to zsmalloc + lz4 | +200.0% | "
                     f"{slower:+.1%} |",
                     "-36.2 % | fio's mix: system time of zspm, to zsmalloc + lz4 | -75.0% | "
                     "not known",
                     "3.2 to 12.1 times | redis: p99 of zsmalloc + lz4, to zspm | 2.5 times | "
                     "not known",
                     "msg85180.html", "10.1109/LCA.2025.3534831"):
            self.assertIn(want, text)

    def test_nothing(self):
        self.assertEqual(accelerators.table([record("mix", "zspm")]), [])


class Notes(unittest.TestCase):
    def test_what_columns_and_rows_are_is_beside_them(self):
        figures = {"pages": 1, "rounds": 1, "refused": 1}
        found = [record("tail", "zspm", "relief", figures),
                 pages("zspm", 1, 1, "8 threads", "scaling")]
        text = bench.text(found, HOST, [], [])
        tail, scaling = text.index("## tail"), text.index("## scaling")
        for want in ("refused, pages", '"refused" are stores', '"left" went', '"trimmed" were'):
            self.assertIn(want, text[tail:scaling])
        self.assertIn("time slice", text[scaling:])

    def test_the_study_has_a_source(self):
        self.assertIn("issue 18", words.STUDY)


class Host(unittest.TestCase):
    def test_note_and_time(self):
        text = "\n".join(bench.host_table({**HOST, "note": "Why", "took": {"a": 60, "b": 120}}))
        self.assertIn("| Note | Why |", text)
        self.assertIn("| Took | 3 minutes |", text)
        self.assertNotIn("Took", "\n".join(bench.host_table(HOST)))


if __name__ == "__main__":
    unittest.main()
