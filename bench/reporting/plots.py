# SPDX-License-Identifier: GPL-2.0
"""Plots. The same records give the same bytes, so that SVGs can be in the repository."""

import pathlib

import matplotlib
matplotlib.use("agg")
from matplotlib import patches, pyplot, ticker  # noqa: E402 the backend comes first

from . import sources
from .columns import FAILED, column_of, columns_of
from .latency import (COMPARED_BY, DELAYS, EQUAL_MEMORY, MODELS, OTHERS, paid, round_trip,
                      stops_paying)
from .records import best_software, figure as record_figure, find, of_scenario, waited_for_disk
from .units import LINES, name, show

matplotlib.rcParams.update({
    "svg.hashsalt": "spm", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
})

# Okabe and Ito's palette, which colour-blind people can tell apart; the hatch says who stores
# what was compressed, so that one compressor has one colour, and what else the peer does.
COLOURS = {
    "none": "#999999", "null": "#cccccc", "disk": "#000000", "lzo": "#F0E442", "lz4": "#E69F00",
    "zstd": "#D55E00", "tier": "#CC79A7", "zspm": "#009E73", "mapped": "#0072B2",
    "mapped+hot": "#0072B2", "zspm+mapped": "#56B4E9",
}
HATCHES = {"zbud": "//", "zram": "..", "mapped+hot": "//", "tier+promote": "//",
           "zsmalloc+lz4+shrinker": "xx", "zram+lz4+writeback": "oo", "zram+lz4+recompress": "**"}


def style(peer):
    """Colour and hatch: fixed, whatever else is on the plot"""
    pool, *words = peer.split("+")
    colour = (COLOURS.get(peer) or COLOURS.get(pool) or
              next((COLOURS[word] for word in words if word in COLOURS), "#999999"))
    hatch = HATCHES.get(peer) or HATCHES.get(pool, "")
    return {"color": colour, "hatch": hatch, "edgecolor": "#333333", "linewidth": 0.5}


def joined(sources, word):
    """What they say of something, each once"""
    return ", ".join(dict.fromkeys(source[word] for source in sources))


def footer(sources, clock):
    """On what it was measured, in two lines"""
    how = {"icount": "clock: instructions, 1 = 1 ns of the VM (-icount)",
           "wall": "clock: real time", "none": "no clock: counted by a plugin of QEMU"}[clock]
    commits = ", ".join(dict.fromkeys(f"{s['commit']} of {s['date']}" for s in sources))
    word = "commits" if ", " in commits else "commit"
    return (f"{how}; {word} {commits}\n"
            f"kernel {joined(sources, 'kernel')}; host: {joined(sources, 'cpu')}; "
            f"{joined(sources, 'qemu').split(' (')[0]}")


class Book:
    """The plots of a report"""

    def __init__(self, directory, records, host, png):
        self.directory = pathlib.Path(directory)
        self.records, self.host, self.png = records, host, png
        self.made = []      # title and file's name

    def save(self, figure, title, stem, scenarios, clock=""):
        """What is on it is of these scenarios"""
        measured = sources.of_scenarios(self.records, self.host, scenarios)
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
        figure.text(0.01, 0.01, footer(measured, clock or self.host["clock"]), fontsize=6.5,
                    color="#444444", va="bottom")
        height = figure.get_size_inches()[1]
        figure.tight_layout(rect=(0, 0.38 / height, 1, 1 - 0.12 / height))
        figure.savefig(self.directory / f"{stem}.svg", metadata={"Date": None})
        if self.png:
            figure.savefig(self.directory / f"{stem}.png", dpi=150, metadata={"Software": None})
        pyplot.close(figure)
        self.made.append((title, f"{stem}.svg"))


def label(value):
    """What a bar says: whole numbers, or three digits"""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


# Instead of a bar
DISK = "waited for the swap disk"


def no_bar(record, key):
    """Why there is none; nothing if there is one"""
    if not record["figures"]:
        return FAILED
    return DISK if waited_for_disk(record, key) else ""


def bars(book, stem, title, unit, values):
    """A bar for each peer, or why there is none; horizontal, as names are long."""
    figure, axes = pyplot.subplots(figsize=(7, 0.32 * len(values) + 1.5))
    drawn = axes.barh([name(peer) for peer, _, _ in values], [value for _, value, _ in values])
    for bar, (peer, _, _) in zip(drawn, values):
        bar.set(**style(peer))
    axes.bar_label(drawn, [why or label(value) for _, value, why in values], padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.15)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    book.save(figure, title, stem, [stem.rsplit("-", 1)[0]])


# Scenario, case, figure, title, unit, and what the figure is divided by
BARS = [
    ("pages", "60 % zeroes", "out_ns", "Push a page out; less is better", "instructions", 1),
    ("pages", "60 % zeroes", "in_p50_ns", "Use a page again, p50; less is better",
     "instructions to read a byte of it", 1),
    ("huge", "huge pages", "out_ns", "Push out, in huge pages; less is better",
     "instructions for 4 KiB", 1),
    ("mmap-read", "60 % zeroes", "iops", "fio: zipf read through a mapping; more is better",
     "IOPS", 1),
    ("mix", "60 % zeroes", "iops", "fio: 70 % reads, 30 % writes; more is better", "IOPS", 1),
    ("mix", "60 % zeroes", "p99_ns", "fio: 70 % reads, 30 % writes, p99; less is better", "us",
     1000),
    ("redis", "GET", "ops_s", "redis: GET; more is better", "requests a second", 1),
    ("postgres", "read", "ops_s", "PostgreSQL: pgbench reads; more is better",
     "transactions a second", 1),
    ("kbuild", "2 at once", "cpu_s", "Two files of the kernel compiled; less is better",
     "s of CPU time", 1),
    ("kernel", "tinyconfig", "cpu_s", "A small kernel built, all of it; less is better",
     "s of CPU time", 1),
]


def all_bars(book, records):
    for scenario, case, key, title, unit, divisor in BARS:
        values = []
        for record in of_scenario(records, scenario):
            if record["case"] == case and (not record["figures"] or record["figures"].get(key)):
                why = no_bar(record, key)
                values.append((record["peer"], 0 if why else record["figures"][key] / divisor, why))
        if sum(not why for *_, why in values) > 1:
            bars(book, f"{scenario}-{key}", title, unit, values)


def contents(book, records):
    """Instructions to push out and use pages of each kind, peers beside each other"""
    found = of_scenario(records, "contents")
    peers = list(dict.fromkeys(r["peer"] for r in found if r["figures"]))
    kinds = list(dict.fromkeys(r["case"] for r in found))
    if len(peers) < 2:
        return
    figure, both = pyplot.subplots(1, 2, figsize=(8, 0.17 * len(kinds) * len(peers) + 1.8),
                                   sharey=True)
    high = 0.8 / len(peers)
    for axes, key, unit in zip(both, ("out_ns", "in_p50_ns"), ("out", "used again, p50")):
        for i, peer in enumerate(peers):
            those = [r for r in found if r["peer"] == peer]
            whys = [no_bar(r, key) for r in those]
            values = [0 if why else r["figures"][key] for r, why in zip(those, whys)]
            drawn = axes.barh([kinds.index(r["case"]) + i * high for r in those], values, high,
                              label=name(peer), **style(peer))
            axes.bar_label(drawn, [why or label(value) for value, why in zip(values, whys)],
                           padding=2, fontsize=6)
        axes.set_xlabel(f"instructions a page: {unit}")
        axes.margins(x=0.16, y=0.02)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(4))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    both[0].set_yticks([k + 0.4 - high / 2 for k in range(len(kinds))], kinds)
    both[0].invert_yaxis()
    figure.legend(*both[1].get_legend_handles_labels(), fontsize=7, loc="upper right",
                  ncols=len(peers))
    book.save(figure, "By contents; less is better", "contents", ["contents"])


SHADES = (1, 0.6, 0.3)      # of the first models: 0 ns, 250 ns with prefetch and without


def read_mostly(book, records):
    """Uses a second, and what becomes of them with a device of 250 ns"""
    found = [r for r in of_scenario(records, "read-mostly") if r["figures"]]
    if len(found) < 2:
        return
    column = columns_of("read-mostly")[0]
    figure, axes = pyplot.subplots(figsize=(7, 0.5 * len(found) + 1.6))
    high = 0.8 / len(SHADES)
    for i, ((delay, prefetch, _), shade) in enumerate(zip(MODELS, SHADES)):
        for k, record in enumerate(found):
            why = no_bar(record, column.key)
            value = 0 if why else paid(record, column, delay, prefetch)
            drawn = axes.barh([k + i * high], [value or 0], high, alpha=shade,
                              **style(record["peer"]))
            axes.bar_label(drawn, [why or column.show(value)], padding=3, fontsize=7)
    axes.set_yticks([k + high for k in range(len(found))], [name(r["peer"]) for r in found])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("uses a second")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    figure.legend([patches.Patch(color="#444444", alpha=shade) for shade in SHADES],
                  [label for _, _, label in MODELS[:len(SHADES)]], fontsize=7, loc="upper right")
    book.save(figure, "99 % reads, 1 % writes, twice the memory; more is better", "read-mostly",
              ["read-mostly"])


def scaling(book, records):
    """Cost of a page over each thing that grows"""
    units = ("MiB of SPM", "pages stored", "threads", "nodes")
    cases = [r for r in of_scenario(records, "scaling") if r["figures"]]
    shown = [u for u in units if sum(r["case"].endswith(u) for r in cases) > 1]
    if not shown:
        return
    figure, all_axes = pyplot.subplots(1, len(shown), figsize=(2 + 2.2 * len(shown), 3.2),
                                       sharey=True, squeeze=False)
    for axes, unit in zip(all_axes[0], shown):
        for peer in dict.fromkeys(r["peer"] for r in cases):
            for key, line, what in (("out_ns", "o-", "out"), ("in_p50_ns", "s--", "use, p50")):
                points = sorted((int(r["case"].split()[0]), r["figures"][key]) for r in cases
                                if r["peer"] == peer and r["case"].endswith(unit))
                axes.plot([f"{x:,}" for x, _ in points], [y for _, y in points], line,
                          color=COLOURS[peer], label=f"{name(peer)}, {what}")
        axes.set_xlabel(unit)
        axes.tick_params(axis="x", labelsize=7)
    all_axes[0][0].set_ylabel("instructions a page")
    all_axes[0][0].set_ylim(0, 1.1 * all_axes[0][0].get_ylim()[1])
    all_axes[0][-1].legend(fontsize=7, loc="lower right")
    book.save(figure, "A page's cost as things grow; flat is good", "scaling", ["scaling"])


# What contends: figure, and what the plot says
CONTENDS = (("locked", "atomics a page"), ("shared", "writes to shared lines a page"))


def contention(book, records):
    """Over CPUs, pages pushed out and used again"""
    found = [r for r in of_scenario(records, "contention") if r.get("sharing")]
    if len({r["figures"]["threads"] for r in found}) < 2:
        return
    figure, all_axes = pyplot.subplots(1, 2, figsize=(8, 3.6))
    for axes, (key, unit) in zip(all_axes, CONTENDS):
        for peer in dict.fromkeys(r["peer"] for r in found):
            for phase, line, what in (("out", "o-", "out"), ("use", "s--", "use")):
                points = sorted((r["figures"]["threads"], r["figures"][f"{phase}_{key}"])
                                for r in found if r["peer"] == peer)
                pool = peer.split("+")[0]
                axes.plot([str(x) for x, _ in points], [y for _, y in points], line,
                          color=style(peer)["color"], label=f"{name(peer)}, {what}",
                          markerfacecolor="white" if pool == "zram" else None, markersize=4)
        axes.set_xlabel("CPUs, a thread on each")
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=0)
    all_axes[1].legend(fontsize=6.5)
    book.save(figure, "What contends on more than one CPU; less is better", "contention",
              ["contention"], "none")


# What the best peer has as much of, what zspm's device takes, and how dark the bar is
SHORTER = DELAYS[0]
AGAINST = [("the same DRAM, 0 ns", False, 0, False, 1),
           ("as much memory in all, 0 ns", True, 0, False, 0.7),
           (f"and {SHORTER} ns, prefetch", True, SHORTER, True, 0.45),
           (f"and {SHORTER} ns, each line", True, SHORTER, False, 0.2)]


def gain(records, scenario, case, key, how):
    """How much better zspm is than the best that compresses by the CPU; None if not known.
    zspm has the same memory in both cases."""
    _, equal, delay, prefetch, _ = how
    most = key != "cpu_s"
    record = find(records, scenario, "zspm", case)
    theirs = record_figure(best_software(records, scenario, EQUAL_MEMORY if equal else case, key,
                                         most), key)
    if not record or not record["figures"] or not theirs:
        return None
    ours = paid(record, column_of(scenario, key), delay, prefetch)
    return None if not ours else ours / theirs if most else theirs / ours


def equal_memory(book, records):
    """zspm by the best software, with the same DRAM, and with as much memory in all"""
    all_rows = [(scenario, text, [gain(records, scenario, case, key, how) for how in AGAINST])
                for scenario, case, key, text in COMPARED_BY]
    shown = [row for row in all_rows if None not in row[2]]
    rows = [(text, values) for _, text, values in shown]
    if not rows:
        return
    figure, axes = pyplot.subplots(figsize=(7, 0.75 * len(rows) + 1.7))
    high = 0.8 / len(AGAINST)
    for i, (what, *_, shade) in enumerate(AGAINST):
        drawn = axes.barh([k + high * i for k in range(len(rows))], [v[i] for _, v in rows], high,
                          label=what, alpha=shade, **style("zspm"))
        axes.bar_label(drawn, [f"{v[i]:.2f}" for _, v in rows], padding=3, fontsize=7,
                       bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    axes.axvline(1, color="#000000", linewidth=0.8)
    axes.set_yticks([k + 0.4 - high / 2 for k in range(len(rows))], [text for text, _ in rows])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("zspm by the best peer that compresses with the CPU")
    figure.legend(fontsize=7, loc="upper right", ncols=2)
    book.save(figure, "What zspm gains; more is better", "equal-memory",
              [scenario for scenario, *_ in shown])


READS = (1, 100000)      # lines, both ends of the axis


def crossing(axes, records, peer, delay, prefetch):
    """Where mapped mode begins to take longer than a peer"""
    lines = stops_paying(records, peer, delay, prefetch)
    if lines is None or not READS[0] <= lines <= READS[1]:
        return
    cost, _ = round_trip(records, peer, delay, prefetch)
    axes.plot([lines], [cost], "o", color="#000000", markersize=4, zorder=3)
    axes.annotate(show(lines), (lines, cost), xytext=(4, -9), textcoords="offset points",
                  fontsize=7)


def stops_paying_panel(axes, records, prefetch):
    for delay, line in zip(DELAYS, ("-", "--")):
        each = delay / LINES if prefetch else delay
        axes.plot(READS, [each * x for x in READS], line, color=COLOURS["mapped"], linewidth=1.8,
                  label=f"mapped: read in place, {delay:,} ns")
        for peer in OTHERS:
            cost, _ = round_trip(records, peer, delay, prefetch)
            if cost is None or (peer != "zspm" and delay != DELAYS[0]):
                continue    # what is in DRAM takes the same with each device
            text = f"{name(peer)}, {delay:,} ns" if peer == "zspm" else name(peer)
            axes.plot(READS, [cost, cost], line, color=style(peer)["color"], label=text)
        for peer in OTHERS:
            crossing(axes, records, peer, delay, prefetch)
    axes.set(xscale="log", yscale="log", xlim=READS, ylim=(100, 1e6),
             xlabel="lines read of a page for each time\nthat it would go out and come back")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_title("whole pages, prefetched" if prefetch else "lines at random", fontsize=9)
    axes.grid(True, which="major", linewidth=0.3)


def reads_that_pay(book, records):
    """At which read rate mapped mode stops paying, for each latency"""
    _, case = round_trip(records, "zspm", 0, False)
    if case is None:
        return
    figure, both = pyplot.subplots(1, 2, figsize=(8.4, 4.2), sharey=True)
    for axes, prefetch in zip(both, (False, True)):
        stops_paying_panel(axes, records, prefetch)
    both[0].set_ylabel("ns: the reads, or the swap out and in")
    both[0].legend(fontsize=6.5, loc="lower right")
    book.save(figure, f"When mapped mode stops paying, at the dots ({case})", "reads-that-pay",
              [case.split(",")[0]])


def draw(records, directory, host, png=True):
    """All that there are records for; titles and files' names"""
    book = Book(directory, records, host, png)
    contents(book, records)
    all_bars(book, records)
    read_mostly(book, records)
    scaling(book, records)
    contention(book, records)
    equal_memory(book, records)
    reads_that_pay(book, records)
    return book.made
