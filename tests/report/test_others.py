# SPDX-License-Identifier: GPL-2.0
"""The demo's table, and plots"""

import json
import pathlib
import subprocess
import tempfile
import unittest

from bench.reporting import demo, plots, units
from bench.reporting.units import one_line
from tests.report.samples import HOST, mix, pages, record

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHOUT_MATPLOTLIB = """
import runpy, sys
sys.modules["matplotlib"] = None
sys.argv = ["bench/report", "bench", sys.argv[1]]
runpy.run_path("bench/report", run_name="__main__")
"""

def job(peer, iops=1000.0, system_ms=100.0, failed=""):
    """As bench/guest/demo writes it, up to the section that failed"""
    found = []
    for section in demo.SECTIONS:
        figures = {"iops": iops, "write_iops": iops / 2, "p99_ns": 1500, "system_ms": system_ms}
        found.append(record("demo", peer, section, None if section == failed else figures,
                            zswpout=5, pswpout=3, pswpin=2, pool_bytes=3 << 20))
        if section == failed:
            break
    return found


class Demo(unittest.TestCase):
    def test_table_and_verdict(self):
        text = demo.report([*job("disk"), *job("zsmalloc+lz4"), *job("zspm", 3000.0, 50.0)])
        self.assertIn("  write, IOPS                            1,000           1,000  3,000", text)
        self.assertIn("  random write and verify, IOPS            500             500  1,500", text)
        self.assertIn("  CPU time in the kernel, s               0.30            0.30   0.15", text)
        self.assertIn("  to and from the swap disk, pages          15              15     15", text)
        self.assertIn("  a job that failed                         no              no     no", text)
        self.assertTrue(any("50% of the kernel time of zsmalloc + lz4, at 3.0 times" in line
                            for line in text))
        self.assertIn(one_line(demo.PLAIN_SWAP), " ".join(text))

    def test_a_job_that_failed(self):
        text = demo.report([*job("zsmalloc+lz4"), *job("zspm", failed="randread")])
        self.assertIn("  random read, IOPS                          1,000         -", text)
        self.assertIn("  a job that failed                             no  randread", text)
        self.assertIn("fio's job \"randread\" on zspm failed, so there is nothing to compare.", text)
        self.assertNotIn("Plain swap", " ".join(text))

    def test_nothing_to_compare_with(self):
        self.assertIn("fio's job \"write\" on zsmalloc + lz4 did not run, so there is nothing to "
                      "compare.", demo.report(job("zspm")))

    def test_no_job_ran(self):
        text = demo.report([])
        self.assertNotIn("write, IOPS", " ".join(text))
        self.assertIn("did not run, so there is nothing to compare.", " ".join(text))

    def test_no_time(self):
        text = demo.report([*job("zsmalloc+lz4", 0, 0), *job("zspm")])
        self.assertIn("A job took no time, so there is nothing to compare.", text)


def device(case, figures):
    return record("device", "emulated", case, figures)


class Device(unittest.TestCase):
    """What the demo says of the emulated device"""
    def text(self, case, **figures):
        return demo.report([*job("zspm"), device(case, figures)])

    def test_what_it_saves(self):
        text = self.text("saves", pushed=64 << 20, dram=0, dram_compressed=21 << 20,
                         on_device=20 << 20, capacity=256 << 20, holds=64 << 20)
        self.assertIn("A device that advertises 256 MiB, and can hold 64 MiB: it compresses what it "
                      "is given.", text)
        self.assertIn("  DRAM that it takes, MiB                             21     0", text)
        self.assertIn("  space on the device that it takes, MiB               0    20", text)

    def test_mapped_mode(self):
        text = self.text("mapped", pushed=64 << 20, rss=1 << 20, spm=64 << 20, read_faults=0,
                         rss_read=2 << 20, spm_read=63 << 20, written=5462, rss_after=22 << 20,
                         spm_after=42 << 20)
        self.assertIn("  the task has read all of it                   2           63            0", text)
        self.assertIn("  it has written to each third page            22           42        5,462", text)

    def test_the_bound(self):
        text = self.text("bound", written=96 << 20, holds=64 << 20, most=60 << 20, refused=1000,
                         promoted=3000, written_back=200, poisoned=0, overflowed=3,
                         gates="open none>closed target>stopped high>open none")
        self.assertIn("  most that the device held, MiB, of 64                        60", text)
        self.assertIn("  pages moved from it to DRAM, and to the swap device  3,000, 200", text)
        self.assertIn("  pages lost, by the kernel, and by the device               0, 3", text)
        self.assertIn("  The gate: open > closed target > stopped high > open.", text)
        self.assertLess(max(map(len, "\n".join(text).splitlines())), 101)

    def test_what_failed(self):
        text = demo.report([*job("zspm"), device("bound", None)])
        self.assertIn("Of the device: bound FAILED, see above.", text)


RECORDS = [
    pages("zspm", 6000, 700), pages("zsmalloc+lz4", 40000, 9000), pages("mapped", 5000, 8),
    pages("zspm", 6100, 720, "programs", "contents"),
    pages("zsmalloc+lz4", 40000, 9100, "programs", "contents"),
    pages("zspm", 6100, 720, "text", "contents"), record("contents", "zsmalloc+lz4", "text"),
    pages("zspm", 6100, 720, "128 MiB of SPM", "scaling"),
    pages("zspm", 6100, 720, "512 MiB of SPM", "scaling"),
    mix("mapped", 2000, 50, 1), mix("none", 1900, 0, 0), record("redis", "zspm", "GET"),
    *({**record("contention", "zspm", f"{n} CPUs", {
        "threads": n, "out_locked": n, "out_shared": 1, "use_locked": n, "use_shared": 2}),
       "sharing": {"out": {}}} for n in (1, 2)),
    *(record("kbuild", peer, case, {"cpu_s": seconds}) for case in ("2 at once", "equal memory")
      for peer, seconds in (("zspm", 2.0), ("zram+lz4", 2.5))),
    *(record("kernel", peer, "tinyconfig", {"cpu_s": seconds})
      for peer, seconds in (("zspm", 300.0), ("zsmalloc+lz4", 500.0))),
]


class Plots(unittest.TestCase):
    def draw(self, records):
        """Titles and files' names, and what is in the files"""
        with tempfile.TemporaryDirectory() as directory:
            made = plots.draw(records, directory, HOST)
            return made, {p.name: p.read_bytes() for p in pathlib.Path(directory).iterdir()}

    def test_the_same_bytes_each_time(self):
        self.assertEqual(self.draw(RECORDS), self.draw(RECORDS))

    def test_what_is_on_them(self):
        made, files = self.draw(RECORDS)
        names = [name for _, name in made]
        self.assertEqual(names, ["contents.svg", "pages-out_ns.svg", "pages-in_p50_ns.svg",
                                 "kbuild-cpu_s.svg", "kernel-cpu_s.svg", "read-mostly.svg",
                                 "scaling.svg", "contention.svg", "equal-memory.svg",
                                 "reads-that-pay.svg"])
        self.assertIn("1.25", files["equal-memory.svg"].decode())
        for name in names:
            text = files[name].decode()
            clock = "no clock" if name == "contention.svg" else "clock: instructions"
            for want in ("commit 1234567", "A CPU", clock):
                self.assertIn(want, text, name)
            self.assertNotIn("{:", text, name)
            self.assertNotIn("dc:date", text, name)
            self.assertIn(name.replace(".svg", ".png"), files)
        self.assertIn("40,000", files["pages-out_ns.svg"].decode())

    def test_commits_of_what_is_on_it_have_their_dates(self):
        added = {**HOST, "command": "bench/run --add --only contents", "commit": "89abcde",
                 "date": "2026-01-03"}
        later = {**added, "command": "bench/run --add --only pages --peers zspm", "commit": "4567"}
        with tempfile.TemporaryDirectory() as directory:
            plots.draw(RECORDS, directory, {**HOST, "added": [added, later]})
            text = pathlib.Path(directory, "contents.svg").read_text(encoding="utf-8")
            self.assertIn("commit 89abcde of 2026-01-03", text)
            self.assertNotIn("1234567", text)
            text = pathlib.Path(directory, "pages-out_ns.svg").read_text(encoding="utf-8")
            self.assertIn("commits 1234567 of 2026-01-02, 4567 of 2026-01-03", text)

    def test_no_bar_for_what_waited_for_the_disk_or_failed(self):
        waited = pages("zsmalloc+lz4", 54321, 9000)
        waited["counters"].update(pswpin=2000)
        _, files = self.draw([*RECORDS[:1], waited, RECORDS[2], record("pages", "zsmalloc+zstd")])
        text = files["pages-out_ns.svg"].decode()
        for want in ("waited for the swap disk", "zsmalloc + lz4", "FAILED", "zsmalloc + zstd"):
            self.assertIn(want, text)
        self.assertNotIn("54,321", text)

    def test_contents_that_went_to_the_disk_keep_their_place(self):
        waited = pages("zsmalloc+lz4", 54321, 9000, "encrypted", "contents")
        waited["counters"].update(pswpin=2000)
        _, files = self.draw([*RECORDS, waited])
        text = files["contents.svg"].decode()
        self.assertIn("encrypted", text)
        self.assertIn("waited for the swap disk", text)
        self.assertIn("FAILED", text)
        self.assertNotIn("54,321", text)

    def test_peers_keep_their_colours(self):
        self.assertEqual(plots.style("zspm")["color"], plots.COLOURS["zspm"])
        self.assertEqual(plots.style("zram+lz4")["color"], plots.style("zsmalloc+lz4")["color"])
        self.assertNotEqual(plots.style("zram+lz4")["hatch"], plots.style("zsmalloc+lz4")["hatch"])

    def test_each_peer_has_its_style(self):
        styles = [tuple(plots.style(peer).values()) for peer in units.PEERS]
        self.assertEqual(len(set(styles)), len(units.PEERS))
        for peer in ("zram+lz4+writeback", "zram+lz4+recompress", "zsmalloc+lz4+shrinker"):
            self.assertEqual(plots.style(peer)["color"], plots.COLOURS["lz4"])
        self.assertEqual(plots.style("tier+promote")["color"], plots.COLOURS["tier"])

    def test_labels(self):
        for value, want in ((40000.4, "40,000"), (99.96, "100"), (9.123, "9.12"), (0, "0")):
            self.assertEqual(plots.label(value), want)

    def test_nothing_to_draw(self):
        self.assertEqual(self.draw([record("pages", "zspm"), pages("null", 1, 1)]), ([], {}))

    def test_without_matplotlib(self):
        with tempfile.TemporaryDirectory() as place:
            pathlib.Path(place, "host.json").write_text(json.dumps(HOST), encoding="utf-8")
            pathlib.Path(place, "records.jsonl").write_text(json.dumps(pages("null", 1, 1)),
                                                            encoding="utf-8")
            done = subprocess.run(["/usr/bin/python3", "-c", WITHOUT_MATPLOTLIB, place], cwd=ROOT,
                                  text=True, capture_output=True)
        self.assertEqual(done.stderr, "bench/report: plots need matplotlib: "
                                      "apt install python3-matplotlib\n")
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
