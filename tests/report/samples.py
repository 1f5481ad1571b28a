# SPDX-License-Identifier: GPL-2.0
"""Small records, as bench/guest writes them."""

COUNTERS = {name: 0 for name in (
    "zswpin zswpout zswpwb pswpin pswpout pgmajfault pgdemote_direct pgdemote_kswapd "
    "pgpromote_success demoted promoted_write promoted refused_full poisoned oom_kills system_us "
    "user_us psi_some_us psi_full_us all_demoted all_undone pool_bytes spm_bytes").split()}

HOST = {"command": "bench/run", "date": "2026-01-02", "commit": "1234567", "kernel": "6.12-spm",
        "clock": "icount", "settings": "server", "cpu": "A CPU", "cpus": "2", "host": "Linux",
        "debian": "12", "qemu": "QEMU 7 (Debian)", "gcc": "gcc", "fio": "fio", "stress": "", "redis": ""}


def record(scenario, peer, case="60 % zeroes", figures=None, **counters):
    """One that failed, if it has no figures"""
    return {"scenario": scenario, "peer": peer, "case": case, "rc": 0 if figures else 1,
            "figures": figures, "counters": {**COUNTERS, **counters}}


def pages(peer, out, use, case="60 % zeroes", scenario="pages", **more):
    """Of pageio: a thousand pages, two rounds, all of them out, a byte of each read"""
    counters = {"zspm": {"zswpout": 2000, "zswpin": 2000},
                "mapped": {"demoted": 2000}}.get(peer, {})
    figures = {"pages": 1000, "rounds": 2, "use_lines": 1, "use_writes": 0, "out_ns": out,
               "in_mean_ns": use + 1, "in_p50_ns": use, "in_p99_ns": 2 * use, "in_p999_ns": 3 * use}
    return record(scenario, peer, case, {**figures, **more}, **counters)


def mix(peer, use, in_place, moved, **more):
    """Of readmix: a hundred uses"""
    figures = {"pages": 50, "uses": 100, "wrong": 0, "use_ns": use, "faults": 25,
               "in_place": in_place, "moved": moved, "p50_ns": use, "p99_ns": 2 * use,
               "p999_ns": 3 * use, "p50_ns_250_page": use + 250, "p50_ns_250_line": use + 16000}
    return record("read-mostly", peer, "1 % writes", {**figures, **more})
