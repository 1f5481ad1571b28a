# SPDX-License-Identifier: GPL-2.0
"""Tests of bench/report, for tools/check; alone: python3 -m unittest discover -t . tests/report"""
