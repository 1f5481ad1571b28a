# SPDX-License-Identifier: GPL-2.0
"""What README and Documentation quote, and the report that is committed"""

import contextlib
import io
import json
import pathlib
import shutil
import tempfile
import unittest

from bench.reporting import aims, bench, compare, publish, quotes
from bench.reporting.records import Error
from tests.report.samples import HOST, pages, record

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDS = [pages("zspm", 6000, 700), pages("zsmalloc+lz4", 40000, 1300),
           record("pages", "mapped")]
WHAT = "pages | zspm, zsmalloc+lz4 | 60 % zeroes | out_ns in_p50_ns"
RATIO = "pages | zspm | 60 % zeroes | out_ns"
TEXT = f"""Before
<!-- bench: {WHAT} -->
old
<!-- bench: end -->
costs 1<!--bench: pages | zspm | 60 % zeroes | out_ns--> instructions, \
2<!--bench: pages | zsmalloc+lz4 | 60 % zeroes | out_ns by pages | zspm | 60 % zeroes | out_ns--> \
times
"""


class Quotes(unittest.TestCase):
    def test_written_is_right(self):
        text = quotes.write(TEXT, RECORDS, [])
        self.assertIn("costs 6,000<!--", text)
        self.assertIn(" 6.7<!--", text)
        self.assertIn("60 % zeroes        out    p50  out, 250 ns  p50, 250 ns", text)
        self.assertIn("zspm             6,000    700       22,000       16,700", text)
        self.assertEqual(quotes.differences(text, RECORDS, []), [])
        self.assertEqual(quotes.write(text, RECORDS, []), text)
        self.assertEqual(quotes.count(text), 3)

    def test_each_difference_is_named(self):
        wrong = quotes.differences(TEXT, RECORDS, [])
        self.assertEqual(len(wrong), 3)
        self.assertIn("1 for 'pages | zspm | 60 % zeroes | out_ns'; the report says 6,000", wrong)
        text = quotes.write(TEXT, RECORDS, []).replace("16,700", "16,701")
        self.assertEqual(quotes.differences(text, RECORDS, []),
                         [f"'{WHAT}' is not what the report says"])

    def test_restructured_text(self):
        text = f".. bench: {WHAT}\n.. bench: end\n"
        text = quotes.write(text, RECORDS, [])
        self.assertTrue(text.startswith(f".. bench: {WHAT}\n\n    "))
        self.assertTrue(text.endswith("\n.. bench: end\n"))

    def test_plots(self):
        text = "<!-- bench: plot a.svg -->\n<!-- bench: end -->\n"
        self.assertIn("![a.svg](Documentation/bench/a.svg)", quotes.write(text, RECORDS, ["a.svg"]))
        with self.assertRaisesRegex(Error, "no plot a.svg"):
            quotes.write(text, RECORDS, [])

    def test_what_is_not_there(self):
        for what, why in (("pages | mapped | 60 % zeroes | out_ns", "has no pages, mapped"),
                          ("pages | zspm | 60 % zeroes | ops_s", "has no ops_s|has no pages"),
                          ("pages | zspm | out_ns", "3 parts"), ("a by b by c", "parts")):
            with self.assertRaisesRegex(Error, why):
                quotes.number(RECORDS, what)

    def test_software_are_all_that_there_are(self):
        found = [*RECORDS, pages("zram+lz4", 50000, 1200), record("pages", "zbud+lz4"),
                 pages("zram+zstd", 1, 1, "other")]
        what = "pages | software, zspm | 60 % zeroes | out_ns"
        lines = quotes.table(found, what)
        self.assertEqual([line.strip().split("  ")[0] for line in lines[2:]],
                         ["zsmalloc + lz4", "zram + lz4", "zspm"])

    def test_what_waited_for_the_disk(self):
        found = [pages("zspm", 6000, 700), pages("zsmalloc+lz4", 40000, 1300)]
        found[1]["counters"].update(pswpin=5000)
        self.assertIn("40,000*", "\n".join(quotes.table(found, WHAT)))
        with self.assertRaisesRegex(Error, "waited for the swap disk"):
            quotes.number(found, "pages | zsmalloc+lz4 | 60 % zeroes | out_ns")

    def test_half_a_quotation(self):
        for text in ("<!-- bench: x -->\n", "no number <!--bench: x-->"):
            with self.assertRaisesRegex(Error, "no figure before it"):
                quotes.count(text)


class Committed(unittest.TestCase):
    """A repository with a report"""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.root = pathlib.Path(self.directory.name)
        self.place = self.root / "Documentation/bench"
        self.place.mkdir(parents=True)
        (self.root / "bench").mkdir()
        shutil.copyfile(ROOT / "bench/aims.toml", self.root / "bench/aims.toml")
        (self.root / "README.md").write_text(TEXT)
        self.source = self.root / "build"
        self.source.mkdir()

    def run_bench(self, **host):
        """As bench/run leaves it"""
        (self.source / "host.json").write_text(json.dumps({**HOST, **host}))
        (self.source / "records.jsonl").write_text("".join(json.dumps(r) + "\n" for r in RECORDS))

    def quietly(self, function, *arguments):
        """What it returns and prints"""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            result = function(*arguments)
        return result, out.getvalue()

    def publish(self, *arguments, **host):
        self.run_bench(**host)
        self.quietly(publish.publish, self.root, self.source, *arguments)

    def replace(self, name, old, new):
        """In a file that was published"""
        path = self.place / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def check(self):
        return self.quietly(publish.check, self.root)

    def test_no_report(self):
        right, text = self.check()
        self.assertTrue(right)
        self.assertEqual(len(text.splitlines()), 1)
        self.assertIn("no report is committed: 3 quotations", text)

    def test_naming_a_report_that_is_not_there(self):
        (self.root / "README.md").write_text("See Documentation/bench/report.md.")
        right, text = self.check()
        self.assertFalse(right)
        self.assertIn("README.md: there is no Documentation/bench/report.md", text)

    def test_published_is_right(self):
        self.publish()
        right, text = self.check()
        self.assertTrue(right, text)
        self.assertEqual(text, "3 quotations are what the report says\n")
        self.assertTrue((self.place / "pages-out_ns.svg").exists())
        self.assertEqual(list(self.place.glob("*.png")), [])

    def test_a_wrong_figure_in_readme(self):
        self.publish()
        readme = self.root / "README.md"
        readme.write_text(readme.read_text().replace("6,000<", "5,999<"))
        right, text = self.check()
        self.assertFalse(right)
        self.assertIn("README.md: 5,999 for", text)

    def test_a_report_that_the_records_do_not_give(self):
        self.publish()
        self.replace("report.md", "6,000", "5,000")
        right, text = self.check()
        self.assertFalse(right)
        self.assertIn("report.md is not what records.jsonl", text)

    def test_a_plot_that_is_gone(self):
        self.publish()
        (self.place / "pages-out_ns.svg").unlink()
        right, text = self.check()
        self.assertFalse(right)
        self.assertIn("there is no pages-out_ns.svg", text)

    def test_a_plot_that_the_records_do_not_give(self):
        self.publish()
        self.replace("pages-out_ns.svg", "40,000", "50,000")
        right, text = self.check()
        self.assertFalse(right)
        self.assertIn("pages-out_ns.svg is not what records.jsonl gives", text)

    def test_a_plot_of_another_matplotlib_is_said_not_to_be_compared(self):
        self.publish()
        self.replace("pages-out_ns.svg", "Matplotlib v", "Matplotlib v99.")
        right, text = self.check()
        self.assertTrue(right, text)
        self.assertIn("pages-out_ns.svg is of matplotlib 99.", text)
        self.assertIn("it was not compared", text)

    def test_a_plot_of_no_report(self):
        self.publish()
        (self.place / "old.svg").write_text("<svg/>")
        right, text = self.check()
        self.assertFalse(right)
        self.assertIn("old.svg is in no report", text)

    def test_a_miss_without_a_reason(self):
        aim = '[[aim]]\nname = "n"\nissue = 1\nvalue = "pages | zspm | 60 % zeroes | out_ns"\n'
        for more, right in (("at_most = 1\n", False), ('at_most = 1\nwhy = "so"\n', True),
                            ("at_most = 6000\n", True)):
            (self.root / "bench/aims.toml").write_text(aim + more)
            self.publish()
            found, text = self.check()
            self.assertEqual(found, right, text)
            self.assertEqual("'n' (issue 1) is missed, and no line says why" in text, not right)

    def test_note(self):
        self.publish("On a *Tuesday*", note="typed in by hand")
        report = (self.place / "report.md").read_text()
        self.assertIn("| Note | On a *Tuesday* |", report)
        self.assertNotIn("by hand", report)
        self.publish(note="typed in by hand")
        self.assertNotIn("Note", (self.place / "report.md").read_text())
        self.assertNotIn("note", json.loads((self.place / "host.json").read_text()))

    def test_what_a_quick_run_took(self):
        quick = self.root / "quick"
        quick.mkdir()
        (quick / "host.json").write_text(json.dumps(
            {**HOST, "command": "bench/run --quick", "took": {"all": 300}}))
        self.publish("", quick)
        self.assertIn("| a quick run of all: minutes | 18 | 5.00 | at most 10.00 | reached |",
                      (self.place / "report.md").read_text())
        self.assertTrue(self.check()[0])

    def compare(self):
        """With a run before, in which something was otherwise"""
        before = self.root / "before"
        before.mkdir()
        others = [pages("zspm", 6100, 700), *RECORDS[1:]]
        (before / "records.jsonl").write_text("".join(json.dumps(r) + "\n" for r in others))
        result = compare.compare(others, RECORDS, 1)
        compare.write(self.source / "compare.json", result, before / "records.jsonl",
                      self.source / "records.jsonl")

    def test_two_runs(self):
        self.run_bench()
        self.compare()
        self.quietly(publish.publish, self.root, self.source)
        report = (self.place / "report.md").read_text()
        self.assertIn("## Two runs", report)
        self.assertIn("for no known reason, or are missing | 18 | 1.00 | at most 0.00 | "
                      "MISSED by 1", report)
        self.assertIn("| pages | zspm, 60 % zeroes: out_ns 1.6 % | not known |", report)
        self.assertTrue(self.check()[0])
        (self.source / "compare.json").unlink()
        self.quietly(publish.publish, self.root, self.source)
        self.assertFalse((self.place / "compare.json").exists())
        self.assertTrue(self.check()[0])

    def test_publishing_what_is_published(self):
        self.publish("So")
        before = {p.name: p.read_bytes() for p in self.place.iterdir()}
        self.quietly(publish.publish, self.root, self.place, "So")
        self.assertEqual({p.name: p.read_bytes() for p in self.place.iterdir()}, before)

    def test_what_was_added_may_be_a_part(self):
        added = {**HOST, "commit": "89abcde",
                 "command": "bench/run --add --only pages --peers zspm"}
        self.publish(added=[added])
        self.assertTrue(self.check()[0])
        self.assertIn("| pages | zspm | `bench/run --add --only pages --peers zspm` | 89abcde |",
                      (self.place / "report.md").read_text())

    def test_what_was_added_must_have_been_measured_alike(self):
        for why, added in (("has done less", {"command": "bench/run --add --quick"}),
                           ("another clock", {"clock": "wall"}),
                           ("another settings", {"settings": "plain"})):
            self.run_bench(added=[{**HOST, **added}])
            with self.assertRaisesRegex(Error, why):
                publish.publish(self.root, self.source)

    def test_a_part_is_no_report(self):
        for command in ("bench/run --quick", "bench/run --only 1", "bench/run --peers zspm"):
            self.run_bench(command=command)
            with self.assertRaisesRegex(Error, "a part is no report"):
                publish.publish(self.root, self.source)

    def test_no_host(self):
        with self.assertRaisesRegex(Error, "run bench/run without --report"):
            bench.load_host(self.source)
        (self.source / "host.json").write_text(json.dumps({**HOST, "clock": "sun"}))
        with self.assertRaisesRegex(Error, "no such clock or settings"):
            bench.load_host(self.source)
        (self.source / "host.json").write_text(json.dumps({**HOST, "settings": "mine"}))
        with self.assertRaisesRegex(Error, "no such clock or settings"):
            bench.load_host(self.source)


class Report(unittest.TestCase):
    def test_sections(self):
        text = bench.text(RECORDS, HOST, aims.load(ROOT / "bench/aims.toml"), [])
        for want in ("## Aims", "## pages", "With a device that takes its time:",
                     "## When mapped mode stops paying", "| Commit | 1234567 |", "FAILED"):
            self.assertIn(want, text)
        self.assertNotIn("stress-ng", text)

    def test_terminal_has_no_line_over_100_columns(self):
        all_aims = aims.load(ROOT / "bench/aims.toml")
        lines = bench.for_terminal(RECORDS, [{**aim, "value": RATIO, "of": RATIO} if "value" in aim
                                             else aim for aim in all_aims], HOST)
        self.assertIn("Aims", lines)
        for line in lines:
            self.assertLessEqual(len(line), 100, line)


if __name__ == "__main__":
    unittest.main()
