# SPDX-License-Identifier: GPL-2.0
"""What a device that takes its time does to each figure"""

import unittest

from bench.reporting import latency
from bench.reporting.columns import COLUMNS
from tests.report.samples import mix, pages, record


def row(found, scenario, peer, label):
    """The cells of a row, from 0 ns on"""
    for cells in latency.rows_of(found, scenario):
        if cells[0] == peer and cells[2] == label:
            return cells[3:]
    return None


class OfAPage(unittest.TestCase):
    def test_columns(self):
        head = latency.table([pages("zspm", 1000, 700)], "pages")[0]
        self.assertIn("| 0 ns | 250 ns, prefetch | 250 ns, each line | 1000 ns, prefetch | "
                      "1000 ns, each line |", head)

    def test_zspm_copies_a_page_each_way(self):
        found = [pages("zspm", 1000, 700)]
        want = ["1,000", "1,250", "17,000", "2,000", "65,000"]
        self.assertEqual(row(found, "pages", "zspm", "out"), want)
        want = ["700", "950", "16,700", "1,700", "64,700"]
        self.assertEqual(row(found, "pages", "zspm", "p50"), want)

    def test_mapped_reads_a_line_in_place(self):
        found = [pages("mapped", 1000, 8)]
        self.assertEqual(row(found, "pages", "mapped", "p50"),
                         ["8", "258", "258", "1,008", "1,008"])

    def test_mapped_reads_all_lines_in_place(self):
        found = [pages("mapped", 1000, 8, use_lines=64)]
        self.assertEqual(row(found, "pages", "mapped", "p50"),
                         ["8", "258", "16,008", "1,008", "64,008"])

    def test_mapped_copies_what_is_written_to(self):
        found = [pages("mapped", 1000, 8, use_writes=1)]
        self.assertEqual(row(found, "pages", "mapped", "p50")[2], "16,008")

    def test_not_known_if_not_all_went_there(self):
        found = [pages("zspm", 1000, 700)]
        found[0]["counters"]["zswpout"] = 1979
        self.assertEqual(row(found, "pages", "zspm", "out"), ["1,000", *["not known"] * 4])
        found[0]["counters"].update(zswpout=2000, pswpout=1)
        self.assertEqual(row(found, "pages", "zspm", "p50")[1:], ["not known"] * 4)

    def test_a_wait_for_the_disk_is_marked(self):
        found = [pages("zspm", 1000, 700), pages("zsmalloc+lz4", 40000, 9000)]
        found[1]["counters"].update(pswpin=1)
        self.assertEqual(row(found, "pages", "zsmalloc + lz4", "use: mean"), ["9,001*"] * 5)

    def test_others_do_not_change(self):
        found = [pages("zspm", 1000, 700), pages("zsmalloc+lz4", 40000, 9000)]
        self.assertEqual(row(found, "pages", "zsmalloc + lz4", "out"), ["40,000"] * 5)

    def test_no_table_without_a_device_or_of_what_failed(self):
        self.assertEqual(latency.table([pages("zsmalloc+lz4", 1, 1)], "pages"), [])
        self.assertEqual(latency.table([record("pages", "zspm")], "pages"), [])


class OfAMix(unittest.TestCase):
    def test_each_use_waits_for_what_it_reads_and_what_moves(self):
        # half of the uses in place, one page moved for four uses: 48 lines a use
        found = [mix("mapped", 2000, in_place=50, moved=25)]
        cells = row(found, "read-mostly", "mapped", "uses/s")
        self.assertEqual(cells[0], "500,000")
        self.assertEqual(cells[1], f"{1e9 / (2000 + 0.75 * 250):,.0f}")
        self.assertEqual(cells[2], f"{1e9 / (2000 + 48 * 250):,.0f}")

    def test_percentiles_are_those_that_were_added_up_for_each_use(self):
        found = [mix("tier", 2000, in_place=50, moved=0)]
        cells = row(found, "read-mostly", "tier", "p50")
        self.assertEqual(cells, ["2,000", "2,250", "18,000", "not known", "not known"])

    def test_a_compressor_has_nothing_on_a_device(self):
        found = [mix("tier", 2000, 50, 0), mix("zsmalloc+lz4", 9000, in_place=0, moved=0)]
        self.assertEqual(row(found, "read-mostly", "zsmalloc + lz4", "p50"), ["9,000"] * 5)


class OfCounters(unittest.TestCase):
    def fio(self, peer, **figures):
        return record("mix", peer, figures={"iops": 1000, "mean_ns": 500, "p99_ns": 900, "ios": 100,
                                            **figures}, zswpin=100, zswpout=100)

    def test_a_rate_gets_the_pages_of_an_operation(self):
        cells = row([self.fio("zspm")], "mix", "zspm", "IOPS")
        self.assertEqual(cells[1:3], [f"{1e9 / (1e6 + 2 * 250):,.0f}",
                                      f"{1e9 / (1e6 + 128 * 250):,.0f}"])

    def test_percentiles_are_not_known(self):
        cells = row([self.fio("zspm")], "mix", "zspm", "p99, us")
        self.assertEqual(cells, ["0.90", *["not known"] * 4])

    def test_no_operations_no_division(self):
        cells = row([self.fio("zspm", ios=0)], "mix", "zspm", "mean, us")
        self.assertEqual(cells[1:], ["not known"] * 4)
        cells = row([self.fio("zspm", iops=0)], "mix", "zspm", "IOPS")
        self.assertEqual(cells, ["0"] * 5)

    def test_reads_in_place_that_nobody_counted_are_not_known(self):
        for peer in ("mapped", "zspm+mapped", "tier"):
            found = [record("redis", peer, "GET",
                            {"ops_s": 1000, "ops": 10, "mean_ns": 1}, demoted=5)]
            cells = row(found, "redis", peer.replace("+", " + "), "requests/s")
            self.assertEqual(cells, ["1,000", *["not known"] * 4])

    def test_what_is_never_read_is_known(self):
        found = [record("store-only", "mapped", "1 thread",
                        {"pages": 10, "write_ns": 100, "free_ns": 5}, demoted=5)]
        self.assertEqual(row(found, "store-only", "mapped", "write, a page")[1:3],
                         ["225", "8,100"])

    def test_seconds(self):
        found = [record("kbuild", "zspm", "2 at once", {"cpu_s": 1.0, "elapsed_s": 2.0},
                        zswpout=500000, zswpin=500000)]
        self.assertEqual(row(found, "kbuild", "zspm", "CPU, s")[:3], ["1.00", "1.25", "17.00"])

    def test_what_moves_by_peer(self):
        counters = {"zswpin": 1, "zswpout": 2, "zswpwb": 4, "demoted": 8, "promoted_write": 16}
        for peer, want in (("zspm", 7), ("mapped", 24), ("zspm+mapped", 31), ("tier", 24),
                           ("zsmalloc+lz4", 0)):
            self.assertEqual(latency.moved(record("mix", peer, **counters)), want, peer)


class StopsPaying(unittest.TestCase):
    def test_lines(self):
        found = [pages("zsmalloc+lz4", 40000, 10000), pages("zspm", 6000, 4000)]
        self.assertEqual(latency.stops_paying(found, "zsmalloc+lz4", 250, False), 200)
        # zspm waits for 64 lines out, and 64 in
        self.assertEqual(latency.stops_paying(found, "zspm", 250, False), 10000 / 250 + 128)
        self.assertEqual(latency.stops_paying(found, "zspm", 1000, True), 64 * 12000 / 1000)

    def test_a_cpu_that_does_three_instructions_a_nanosecond(self):
        found = [pages("zsmalloc+lz4", 40000, 10000), pages("zspm", 6000, 4000)]
        self.assertAlmostEqual(latency.stops_paying(found, "zsmalloc+lz4", 250, False, 3), 200 / 3)
        # it waits as long
        self.assertAlmostEqual(latency.stops_paying(found, "zspm", 250, False, 3),
                               10000 / 3 / 250 + 128)
        text = latency.stops_paying_table(found)
        self.assertEqual([line.split(" | ")[1] for line in text[2:]],
                         ["1 instruction a ns"] * 2 + ["3 instructions a ns"] * 2)

    def test_programs_come_first(self):
        found = [pages("zsmalloc+lz4", 1, 1),
                 pages("zsmalloc+lz4", 40000, 10000, "programs", "contents")]
        cost, case = latency.round_trip(found, "zsmalloc+lz4", 0, False)
        self.assertEqual((cost, case), (50000, "contents, programs"))

    def test_missing_and_failed(self):
        self.assertIsNone(latency.stops_paying([record("pages", "zspm")], "zspm", 250, False))
        self.assertIsNone(latency.stops_paying([pages("zspm", 1, 1)], "zspm", 0, False))
        self.assertEqual(latency.stops_paying_table([]), [])


class Kinds(unittest.TestCase):
    def test_what_a_delay_does_is_known_for_each_column(self):
        for scenario, columns in COLUMNS.items():
            for column in columns:
                self.assertIn(column.kind, ("", "out", "mean", "percentile", "rate"), scenario)


class PaysUpTo(unittest.TestCase):
    def records(self):
        """zspm takes 1 ms of a second's thousand reads, and moves two pages for each"""
        ours = record("mix", "zspm", figures={"iops": 1000, "ios": 10}, zswpin=20)
        return [ours, record("mix", "zram+lz4", figures={"iops": 800, "ios": 10}),
                record("mix", "zsmalloc+lz4", figures={"iops": 500, "ios": 10}),
                record("mix", "zram+lz4", "equal memory", {"iops": 1100, "ios": 10})]

    def test_until_both_take_the_same(self):
        ns, peer = latency.pays_up_to(self.records(), "mix", "60 % zeroes", "iops", "60 % zeroes",
                                      True)
        self.assertEqual(peer, "zram+lz4")
        self.assertAlmostEqual(ns, 250000 / 2)
        column = latency.column_of("mix", "iops")
        self.assertAlmostEqual(latency.paid(self.records()[0], column, ns, True), 800)
        ns, _ = latency.pays_up_to(self.records(), "mix", "60 % zeroes", "iops", "60 % zeroes",
                                   False)
        self.assertAlmostEqual(latency.paid(self.records()[0], column, ns, False), 800)

    def test_table(self):
        text = latency.pays_up_to_table(self.records())
        self.assertEqual(text[2:], [
            "| fio: 70 % reads, IOPS | the same DRAM | zram + lz4 | 125,000 | 1,953 | "
            "41,667 | 651 |",
            "| fio: 70 % reads, IOPS | as much memory in all | zram + lz4 | never | never | "
            "never | never |"])

    def test_a_cpu_that_does_three_instructions_a_nanosecond(self):
        ns, _ = latency.pays_up_to(self.records(), "mix", "60 % zeroes", "iops", "60 % zeroes",
                                   True, 3)
        self.assertAlmostEqual(ns, 250000 / 2 / 3)
        self.assertIn("3 instructions a ns: ns, each line",
                      latency.pays_up_to_table(self.records())[0])

    def test_times(self):
        found = [record("kbuild", "zspm", "2 at once", {"cpu_s": 2.0}, zswpout=1000),
                 record("kbuild", "zram+lz4", "2 at once", {"cpu_s": 2.5})]
        ns, _ = latency.pays_up_to(found, "kbuild", "2 at once", "cpu_s", "2 at once", True)
        self.assertAlmostEqual(ns, 500000)

    def test_what_is_not_known(self):
        found = [record("mix", "zspm", figures={"iops": 1000, "ios": 10}),
                 record("mix", "zram+lz4", figures={"iops": 800, "ios": 10})]
        self.assertEqual(latency.pays_up_to_table(found), [])
        self.assertEqual(latency.pays_up_to_table([]), [])


if __name__ == "__main__":
    unittest.main()
