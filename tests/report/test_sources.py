# SPDX-License-Identifier: GPL-2.0
"""Which command has measured which record"""

import unittest

from bench.reporting import sources
from tests.report.samples import HOST, pages, record


def host(*commands):
    """A whole run of commit 0, and what was added, of commits 1 and so on"""
    added = [{**HOST, "command": f"bench/run --add {text}", "commit": str(i), "date": f"day {i}"}
             for i, text in enumerate(commands, 1)]
    return {**HOST, "commit": "0", "added": added}


def kbuild(peer, case="2 at once"):
    return record("kbuild", peer, case, {"cpu_s": 1.0})


class OfRecord(unittest.TestCase):
    def commits(self, found, *commands):
        """Of the first record"""
        return [s["commit"] for s in sources.of_record(found[0], found, host(*commands))]

    def test_the_last_that_selects_it(self):
        found = [pages("zsmalloc+lz4", 1, 1)]
        self.assertEqual(self.commits(found), ["0"])
        self.assertEqual(self.commits(found, "--only huge", "--only pages"), ["2"])
        self.assertEqual(self.commits(found, "--only pages", "--only mix,pages --peers lz4"), ["2"])
        self.assertEqual(self.commits(found, "--only pages --peers zspm"), ["0"])
        self.assertEqual(self.commits(found, "--only 1"), ["1"])
        self.assertEqual(self.commits(found, "--peers zspm", "--only 16"), ["0"])

    def test_equal_memory(self):
        found = [kbuild("zram+lz4", "equal memory")]
        self.assertEqual(self.commits(found, "--only kbuild"), ["1"])
        self.assertEqual(self.commits(found, "--only kbuild --same"), ["0"])
        self.assertEqual(self.commits([pages("zspm", 1, 1)], "--only pages --equal"), ["0"])

    def test_what_is_measured_in_passing(self):
        for peer in ("zspm", "zsmalloc+lz4"):
            self.assertEqual(self.commits([kbuild(peer)], "--only kbuild --peers zram+lz4"), ["1"])
        self.assertEqual(self.commits([kbuild("zspm")], "--only kbuild --peers mapped"), ["0"])
        self.assertEqual(self.commits([kbuild("mapped")], "--only kbuild --peers zram+lz4"), ["0"])

    def test_one_of_several_cases_may_be_either(self):
        found = [record("redis", "zspm", case, {"ops": 1}) for case in ("GET", "SET")]
        self.assertEqual(self.commits(found, "--only redis --peers zram+lz4"), ["0", "1"])
        self.assertEqual(self.commits(found, "--only redis --peers zram+lz4", "--only redis"),
                         ["2"])


class Table(unittest.TestCase):
    def test_rows(self):
        found = [pages("zspm", 1, 1), pages("zsmalloc+lz4", 1, 1), pages("zspm", 1, 1, "c", "huge"),
                 record("redis", "zspm", "GET", {"ops": 1}), record("redis", "zspm", "SET")]
        text = "\n".join(sources.table(found, host("--only pages --peers zspm",
                                                   "--only redis --peers zram+lz4")))
        for want in ("| pages | zsmalloc + lz4 | `bench/run` | 0 | 2026-01-02 |",
                     "| pages | zspm | `bench/run --add --only pages --peers zspm` | 1 | day 1 |",
                     "| huge | all | `bench/run` | 0 | 2026-01-02 |",
                     "| redis | all | `bench/run` or "
                     "`bench/run --add --only redis --peers zram+lz4` | 0 or 2 | 2026-01-02 or day 2 |"):
            self.assertIn(want, text)

    def test_cases_of_a_peer_from_two_commands(self):
        found = [kbuild("zram+lz4"), kbuild("zram+lz4", "equal memory")]
        text = "\n".join(sources.table(found, host("--only kbuild --equal")))
        self.assertIn("| kbuild | zram + lz4 (2 at once) | `bench/run` |", text)
        self.assertIn("| kbuild | zram + lz4 (equal memory) | `bench/run --add", text)


if __name__ == "__main__":
    unittest.main()
