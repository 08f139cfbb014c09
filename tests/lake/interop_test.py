#!/usr/bin/env python3
"""Reads a lake's table with the package deltalake and compares rows and exact sums at each version.

Usage: interop_test.py TABLE_FOLDER EXPECTED_FILE; lines of the file are "version period rows sum".
Exit code 77: deltalake or pyarrow is not installed.
"""

import os
import shutil
import sys
import tempfile
from decimal import Decimal, getcontext

try:
    import pyarrow  # noqa: F401
    from deltalake import DeltaTable
except ImportError as error:
    print(f"skipped: no deltalake ({error})")
    sys.exit(77)

getcontext().prec = 60


def sums_of(table):
    """{period: (rows, sum of BilledCost)}"""
    sums = {}
    rows = table.to_pyarrow_table(columns=["x_BillingPeriod", "BilledCost"])
    for period, cost in zip(rows["x_BillingPeriod"].to_pylist(), rows["BilledCost"].to_pylist()):
        count, total = sums.get(period, (0, Decimal(0)))
        sums[period] = (count + 1, total + cost)
    return sums


def expectations(path):
    """{version: {period: (rows, sum)}}"""
    expected = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            version, period, rows, total = line.split()
            expected.setdefault(int(version), {})[period] = (int(rows), Decimal(total))
    return expected


def check(condition, message):
    if not condition:
        print("differs:", message)
        sys.exit(1)


def check_types(folder):
    table = DeltaTable(folder)
    check(table.metadata().partition_columns == ["x_BillingPeriod", "x_Source"], "partition columns")
    rows = table.to_pyarrow_table()
    types = {field.name: str(field.type) for field in rows.schema}
    check(types["BilledCost"] == "decimal128(38, 18)", types)
    check(types["ChargePeriodStart"].startswith("timestamp[us, tz="), types)
    check(types["Tags"].startswith("map<"), types)
    check(types["x_Count"] == "int64" and types["x_Real"] == "double" and types["x_Even"] == "bool", types)
    sources = set(rows["x_Source"].to_pylist())
    check(sources == {"aws-1", "gcp & co"}, sources)


def check_history(folder, versions):
    history = DeltaTable(folder).history()
    check([entry["version"] for entry in history] == sorted(versions, reverse=True), history)
    check(all(entry["operation"] == "REPLACE SCOPE" for entry in history), history)
    check(all(entry["steelyard"]["delivery"]["id"] == "d1" for entry in history), history)


def check_checkpoint(folder, expected):
    """Without the JSON entries that the checkpoint covers, the newest version still reads the same."""
    copy = os.path.join(tempfile.mkdtemp(), "table")
    shutil.copytree(folder, copy)
    log = os.path.join(copy, "_delta_log")
    covered = [name for name in os.listdir(log) if name.endswith(".json") and int(name[:20]) <= 3]
    check(len(covered) == 4, covered)
    for name in covered:
        os.remove(os.path.join(log, name))
    found = sums_of(DeltaTable(copy))
    shutil.rmtree(os.path.dirname(copy))
    check(found == expected, f"from the checkpoint: {found} != {expected}")


def main():
    folder, expected_path = sys.argv[1:]
    expected = expectations(expected_path)
    compared = 0
    for version, sums in expected.items():
        found = sums_of(DeltaTable(folder, version=version))
        check(found == sums, f"version {version}: {found} != {sums}")
        compared += len(sums)
    check_types(folder)
    check_history(folder, expected)
    check_checkpoint(folder, expected[max(expected)])
    print(f"{compared} sums compared")


main()
