#!/usr/bin/env python3
"""Another program reads the lake: delta-rs (PyPI `deltalake`) must find the same versions, columns, rows and sums.

Skipped without that package; tests/interop/setup.sh puts it into .deps/interop (.ci/run does so when it can).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    from deltalake import DeltaTable, QueryBuilder
except ImportError:
    own = pathlib.Path(__file__).resolve().parents[2] / ".deps" / "interop" / "venv" / "bin" / "python"
    if own.exists() and pathlib.Path(sys.prefix) != own.parents[1]:
        os.execv(own, [str(own), *sys.argv])
    print("skipped: no Python package deltalake")
    sys.exit(77)

STEELYARD = os.environ["STEELYARD"]
SUMS = ("SELECT \"BillingCurrency\" AS currency, count(*) AS n, CAST(sum(\"BilledCost\") AS VARCHAR) AS billed,"
        " CAST(sum(\"EffectiveCost\") AS VARCHAR) AS effective FROM charges GROUP BY \"BillingCurrency\" ORDER BY 1")


def steelyard(*words):
    done = subprocess.run([STEELYARD, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"steelyard {' '.join(words)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def number(text):
    """12.50 and 12.5 are the same amount."""
    whole, _, decimals = str(text).partition(".")
    decimals = decimals.rstrip("0")
    return whole + ("." + decimals if decimals else "")


def canonical(rows):
    return [(row["currency"], int(row["n"]), number(row["billed"]), number(row["effective"])) for row in rows]


def theirs(table):
    batches = QueryBuilder().register("charges", table).execute(SUMS)
    batches = batches.read_all() if hasattr(batches, "read_all") else batches
    return canonical([dict(zip(["currency", "n", "billed", "effective"], row))
                      for row in zip(*[batches.column(i).to_pylist() for i in range(4)])])


def ours(lake, *words):
    return canonical(json.loads(steelyard("sql", SUMS, f"--lake={lake}", "--output=json", *words))["rows"])


def main():
    with tempfile.TemporaryDirectory(prefix="steelyard-interop-") as folder:
        bills, lake = f"{folder}/bills", f"{folder}/lake"
        steelyard("gen", "--rows=5000", "--months=2", "--deliveries=2", "--formats=focus-1.4-parquet", f"--out={bills}")
        steelyard("ingest", bills, f"--lake={lake}", "--quiet")
        newest = DeltaTable(f"{lake}/charges")
        assert newest.version() >= 1, f"only version {newest.version()}"
        names = [field.name for field in newest.schema().fields]
        for name in ("BilledCost", "Tags", "ChargePeriodStart", "x_BillingPeriod", "x_Source"):
            assert name in names, f"{name} is not among {names}"
        compared = 0
        for version in range(newest.version() + 1):
            table = DeltaTable(f"{lake}/charges", version=version)
            left, right = ours(lake, f"--as-of={version}"), theirs(table)
            assert left and left == right, f"version {version}: Steelyard {left}, delta-rs {right}"
            compared += 1
        steelyard("checkpoint", f"--lake={lake}", "--quiet")
        assert theirs(DeltaTable(f"{lake}/charges")) == ours(lake), "differs after a checkpoint"
        print(f"{compared} versions read alike by delta-rs, and once more from a checkpoint")


main()
