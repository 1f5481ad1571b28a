# SPDX-License-Identifier: GPL-2.0
"""Units, records, and the tables of what was measured"""

import tempfile
import unittest

from bench.reporting import layout, records, tables, units
from bench.reporting.columns import COLUMNS, COUNTERS, demoted, kept, promoted
from tests.report.samples import COUNTERS as ZEROES, mix, pages, record


class Units(unittest.TestCase):
    def test_each_unit_rounds_as_told(self):
        for value, unit, want in ((1234567.5, "", "1,234,568"), (2.5, "", "2"), (3.5, "", "4"),
                                  (1234567, "us", "1,234.57"), (1.25e6, "ms", "1.2"),
                                  (1500, "ms of us", "2"), (1234567, "s of us", "1.23"),
                                  (0.005, "s", "0.01"), (1536, "KiB", "2"),
                                  (3 << 20, "MiB", "3"), (0.9949, "%", "99.5"),
                                  (3.14159, "times", "3.14"), (0, "us", "0.00")):
            self.assertEqual(units.show(value, unit), want, (value, unit))

    def test_nothing_is_a_dash(self):
        for unit in units.UNITS:
            self.assertEqual(units.show(None, unit), "-")

    def test_a_ratio_of_nothing_is_nothing(self):
        self.assertIsNone(units.ratio(1, 0))
        self.assertIsNone(units.ratio(1, None))
        self.assertIsNone(units.ratio(None, 1))
        self.assertEqual(units.ratio(0, 2), 0)

    def test_names_and_order_of_peers(self):
        self.assertEqual(units.name("zsmalloc+lz4"), "zsmalloc + lz4")
        self.assertEqual(units.name("disk"), "plain swap")
        self.assertLess(units.position("zsmalloc+lz4"), units.position("zspm"))
        self.assertLess(units.position("zspm+mapped"), units.position("another"))
        self.assertTrue(units.is_software("zram+lz4"))
        self.assertFalse(units.is_software("zspm+mapped"))


class Layout(unittest.TestCase):
    def test_terminal(self):
        self.assertEqual(layout.plain(["", "b"], [["a", "1,000"]]),
                         ["         b", "  -  -----", "  a  1,000"])

    def test_markdown(self):
        self.assertEqual(layout.markdown(["a", "b"], [["x", "1"]]),
                         ["| a | b |", "|---|---:|", "| x | 1 |"])
        self.assertEqual(layout.markdown(["a"], []), [])


class Records(unittest.TestCase):
    def load(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write(text)
            file.flush()
            return records.load(file.name)

    def test_load(self):
        self.assertEqual(self.load('{"rc": 0}\n\n{"rc": 1}\n'), [{"rc": 0}, {"rc": 1}])

    def test_what_is_wrong_is_said(self):
        for text, why in (("", "nothing was measured"), ("{", "not a record")):
            with self.assertRaisesRegex(records.Error, why):
                self.load(text)
        with self.assertRaisesRegex(records.Error, "run bench/run first"):
            records.load("/nonexistent/records.jsonl")

    def test_figure_of_what_is_not_there(self):
        failed = record("pages", "zspm")
        self.assertIsNone(records.figure(failed, "out_ns"))
        self.assertIsNone(records.figure(None, "out_ns"))
        self.assertIsNone(records.figure(pages("zspm", 1, 1), "ops_s"))

    def test_best_software(self):
        found = [pages("zspm", 1, 1), pages("zram+lz4", 5, 1), pages("zsmalloc+lz4", 4, 1),
                 record("pages", "zbud+lz4")]
        best = records.best_software(found, "pages", "60 % zeroes", "out_ns", False)
        self.assertEqual(best["peer"], "zsmalloc+lz4")
        best = records.best_software(found, "pages", "60 % zeroes", "out_ns", True)
        self.assertEqual(best["peer"], "zram+lz4")
        self.assertIsNone(records.best_software(found, "pages", "other", "out_ns", True))


class Scenarios(unittest.TestCase):
    def test_rows_are_in_the_order_of_peers(self):
        found = [pages("zspm", 5000, 700), pages("zsmalloc+lz4", 40000, 1300), pages("none", 0, 8)]
        head, rows = tables.short_rows(found, "pages")
        self.assertEqual(head, ["", "out", "use: mean", "p50", "p99", "p99.9"])
        self.assertEqual([row[0] for row in rows], ["none, 60 % zeroes",
                                                    "zsmalloc + lz4, 60 % zeroes",
                                                    "zspm, 60 % zeroes"])
        self.assertEqual(rows[2][1:], ["5,000", "701", "700", "1,400", "2,100"])

    def test_a_failed_peer_says_so(self):
        _, rows = tables.scenario_rows([record("pages", "zspm")], "pages")
        self.assertEqual(rows[0][2:7], ["FAILED"] * 5)
        self.assertEqual(len(rows[0]), 2 + 5 + len(COUNTERS))

    def test_what_waited_for_the_disk_is_marked(self):
        found = [record("contents", "zsmalloc+lz4", "text", {"lz4_ratio": 1.5, "out_ns": 7},
                        pswpout=2, zswpout=197),
                 record("contents", "zsmalloc+zstd", "text", {"lz4_ratio": 1.5, "out_ns": 7},
                        pswpout=2, zswpout=198),
                 record("contents", "zram+lz4", "text", {"lz4_ratio": 1.5, "out_ns": 7}, pswpout=1)]
        _, rows = tables.short_rows(found, "contents")
        self.assertEqual([row[1:4] for row in rows],
                         [["1.50", "7*", "-"], ["1.50", "7", "-"], ["1.50", "7", "-"]])

    def test_a_figure_that_is_missing_is_a_dash_in_each_scenario(self):
        for scenario, columns in COLUMNS.items():
            _, rows = tables.short_rows([record(scenario, "zspm", figures={"other": 1})], scenario)
            self.assertEqual(rows[0][1:], ["-"] * len(columns), scenario)

    def test_rates_and_shares(self):
        _, rows = tables.short_rows([mix("zspm", 2000, 0, 0)], "read-mostly")
        self.assertEqual(rows[0][1:3], ["500,000", "75.0"])
        _, rows = tables.short_rows([mix("zspm", 0, 0, 0, uses=0)], "read-mostly")
        self.assertEqual(rows[0][1:3], ["-", "-"])

    def test_each_column_of_each_scenario(self):
        for scenario, columns in COLUMNS.items():
            figures = {c.key: 2000 for c in columns}
            _, rows = tables.short_rows([record(scenario, "zspm", figures=figures)], scenario)
            for column, cell in zip(columns, rows[0][1:]):
                if column.per or column.label in ("without a fault, %", "CPU for each, us"):
                    continue
                self.assertEqual(cell, units.show(2000, column.unit), (scenario, column.label))

    def test_a_client_that_sleeps_has_no_rate(self):
        found = [record("redis", "zspm", "SET", {"ops": 100, "ops_s": 5}, system_us=1, user_us=2),
                 record("redis", "zspm", "GET", {"ops": 0, "ops_s": 5, "mean_ns": 1000})]
        _, rows = tables.short_rows(found, "redis")
        self.assertEqual(rows[0][1:4], ["-", "0.03", "-"])
        self.assertEqual(rows[1][1:4], ["5", "-", "1.00"])

    def test_a_scenario_without_columns_shows_counters(self):
        head, rows = tables.scenario_rows([record("new", "zspm", figures={"x": 1})], "new")
        self.assertEqual(len(head), len(rows[0]))
        self.assertEqual(head[2], COUNTERS[0][0])

    def test_pages_that_two_counters_count_are_counted_once(self):
        counters = {**ZEROES, "demoted": 7, "pgdemote_direct": 7, "promoted_write": 3}
        self.assertEqual(demoted(counters), 7)
        self.assertEqual(promoted(counters), 3)
        self.assertEqual(promoted({**counters, "pgpromote_success": 4}), 7)    # NUMA balancing's
        tier = {**ZEROES, "pgdemote_direct": 4, "pgdemote_kswapd": 5, "pgpromote_success": 2}
        self.assertEqual(demoted(tier), 9)
        self.assertEqual(promoted(tier), 2)

    def test_kept(self):
        self.assertIsNone(kept(ZEROES))
        self.assertEqual(kept({**ZEROES, "all_demoted": 10, "all_undone": 1}), 0.9)


class Profile(unittest.TestCase):
    def test_functions_beside_each_other(self):
        many = {f"f{i:02}": 100 - i for i in range(30)}
        found = [{**record("profile", "zspm", figures={"pages": 1}), "functions": {"out": many}},
                 {**record("profile", "null", figures={"pages": 1}),
                  "functions": {"out": {"f00": 5, "other": 1}}}]
        text = tables.profile_tables(found)
        self.assertEqual(text[2], "|  | null | zspm |")
        self.assertEqual(text[4], "| `f00` | 5 | 100 |")
        self.assertEqual(text[4 + tables.MOST], "| all others | 1 | 441 |")
        self.assertEqual(text[5 + tables.MOST], "| sum | 6 | 2,565 |")

    def test_none(self):
        self.assertEqual(tables.profile_tables([pages("zspm", 1, 1)]), [])

    def test_the_median_is_below_the_sum_that_it_differs_from(self):
        found = [{**pages("zspm", 7000, 700, scenario="profile", use_ns=900),
                  "functions": {"out": {"f": 7500}, "use": {"f": 910}}}]
        text = tables.profile_tables(found)
        for total, median in ((7500, 7000), (910, 900)):
            self.assertIn(f"| median of the rounds, by the clock | {median:,} |",
                          text[text.index(f"| sum | {total:,} |") + 1])


if __name__ == "__main__":
    unittest.main()
