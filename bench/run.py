#!/usr/bin/env python3
"""Measures each claim about speed and memory, on the real program, against DuckDB alone on the same files.

A benchmark states its input, its expected result and its opponent. Both sides run in turn, each in a process of its
own with the same threads and memory, after one run of each that does not count; the ratio of the medians comes from the
same minutes of the same machine. A wrong result is a failure, however fast. Input is made by `steelyard gen` and kept
in build/bench.

  bench/run.py [NAME ...] [--rows=N] [--runs=N] [--threads=N] [--memory=MIB] [--build=DIR] [--folder=DIR] [--out=FILE]

Names: ingest_parquet, ingest_csv, top, top_file, gen, startup, and of the mathematics of commitments level, portfolio,
purchases, against one pass over the data, HiGHS and a limit of time. Without a name: all, at sizes that take a few
minutes.
"""
import argparse
import csv
import glob
import gzip
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[1]
COSTS = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"]


class Wrong(Exception):
    """A result that is not the expected one, or a command that failed."""


class Run:
    """One finished process: seconds by the wall, seconds of processor time, peak memory, what it printed."""

    def __init__(self, command, stdin=None, environment=None):
        began = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=out,
                                       stderr=err, env=environment)
            if stdin:
                process.stdin.write(stdin.encode())
                process.stdin.close()
            _, status, usage = os.wait4(process.pid, 0)
            self.wall_s = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            self.cpu_s = usage.ru_utime + usage.ru_stime
            self.peak_mib = usage.ru_maxrss / 1024
            out.seek(0)
            err.seek(0)
            self.out = out.read().decode("utf-8", "replace")
            self.err = err.read().decode("utf-8", "replace")
        if process.returncode != 0:
            raise Wrong(f"exit code {process.returncode}: {' '.join(map(str, command))[:300]}\n{self.err[-2000:]}")


def median(numbers):
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.folder).resolve()
        self.steelyard = pathlib.Path(options.build).resolve() / "bin" / "steelyard"
        self.bare = pathlib.Path(options.build).resolve() / "bench" / "bare_duckdb"
        self.results = []
        self.failed = False
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)

    # ------------------------------------------------------------------------------------------------ the two sides

    def ours(self, *words):
        environment = dict(os.environ, XDG_CACHE_HOME=str(self.folder / "tmp" / "cache"))
        engine = [f"--threads={self.options.threads}", f"--memory={self.options.memory}MiB", "--quiet"]
        return Run([str(self.steelyard), *map(str, words), *engine], environment=environment)

    def plain(self, *words):
        return Run([str(self.steelyard), *map(str, words)])

    def duckdb(self, sql):
        return Run([str(self.bare), str(self.options.threads), str(self.options.memory), str(self.folder / "tmp")],
                   stdin=sql)

    def table(self, sql):
        return [line.split("\t") for line in self.duckdb(sql).out.splitlines()]

    # ------------------------------------------------------------------------------------------------------- input

    def bills(self, form, rows):
        """Files of one month of about `rows` usage rows, made once; returns their paths."""
        folder = self.folder / "bills" / f"{form}-{rows}"
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.say(f"making {rows:,} rows of {form}")
            Run([str(self.steelyard), "gen", f"--rows={rows}", "--months=1", "--deliveries=1", f"--formats={form}",
                 f"--rows-per-file={max(rows * 2, 1000000)}", f"--out={folder}"])
            (folder / "done").touch()
        ending = ".parquet" if "parquet" in form else ".csv.gz"
        found = sorted(folder.rglob("*" + ending))
        other = ("invoice", "commitment", "billing-period")
        charges = [str(p) for p in found if not any(word in p.as_posix() for word in other)]
        if not charges:
            raise Wrong(f"gen made no *{ending} under {folder}")
        return charges

    def one_csv(self, rows):
        """One CSV.gz of charges: the largest file when gen made several."""
        files = self.bills("focus-1.4-csv", rows)
        return max(files, key=os.path.getsize)

    def sizes(self, files):
        return sum(os.path.getsize(name) for name in files)

    def csv_columns(self, file):
        """Declared types of a FOCUS CSV, as a careful DuckDB user would write them."""
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            names = [name.strip('"') for name in text.readline().rstrip("\r\n").split(",")]

        def declared(name):
            if name.endswith(("Cost", "Quantity", "UnitPrice")):
                return "DECIMAL(38,18)"
            if name.endswith(("PeriodStart", "PeriodEnd")):
                return "TIMESTAMP WITH TIME ZONE"
            return "VARCHAR"

        return "{" + ", ".join(f"'{name}': '{declared(name)}'" for name in names) + "}"

    # ---------------------------------------------------------------------------------------------------- measuring

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def duel(self, name, what, ours, theirs, limit, before=lambda: None, memory_limit_mib=None):
        """Runs both in turn; `before` restores the state ahead of each of our runs."""
        walls, opponents, cpus, opponent_cpus, peaks, opponent_peaks = [], [], [], [], [], []
        for i in range(self.options.runs + 1):
            before()
            left = ours()
            right = theirs()
            if i == 0 and self.options.runs > 1:
                continue
            walls.append(left.wall_s)
            opponents.append(right.wall_s)
            cpus.append(left.cpu_s)
            opponent_cpus.append(right.cpu_s)
            peaks.append(left.peak_mib)
            opponent_peaks.append(right.peak_mib)
        result = {
            "name": name, "what": what, "runs": len(walls), "ours_s": median(walls), "duckdb_s": median(opponents),
            "ratio": median(walls) / median(opponents), "limit": limit, "ours_cpu_s": median(cpus),
            "duckdb_cpu_s": median(opponent_cpus), "peak_mib": max(peaks), "duckdb_peak_mib": max(opponent_peaks),
            "memory_limit_mib": memory_limit_mib,
        }
        small = memory_limit_mib is None or result["peak_mib"] <= memory_limit_mib
        result["kept"] = result["ratio"] <= limit and small
        self.add(result)

    def alone(self, name, what, ours, limit_s):
        runs = [ours() for _ in range(max(self.options.runs * 3, 5) + 1)][1:]
        result = {"name": name, "what": what, "runs": len(runs), "ours_s": median([r.wall_s for r in runs]),
                  "limit_s": limit_s, "peak_mib": max(r.peak_mib for r in runs)}
        result["kept"] = result["ours_s"] <= limit_s
        self.add(result)

    def add(self, result):
        self.results.append(result)
        self.failed |= not result["kept"]
        verdict = "kept" if result["kept"] else "NOT KEPT"
        if "ratio" in result:
            figures = (f"{result['ours_s']:.2f} s, DuckDB {result['duckdb_s']:.2f} s, ratio {result['ratio']:.2f}"
                       f" (at most {result['limit']}), peak {result['peak_mib']:.0f} MiB"
                       f" (DuckDB {result['duckdb_peak_mib']:.0f} MiB")
            figures += f", at most {result['memory_limit_mib']})" if result["memory_limit_mib"] else ")"
        else:
            figures = f"{result['ours_s'] * 1000:.0f} ms (at most {result['limit_s'] * 1000:.0f})"
        print(f"{result['name']:<15} {result['what']}\n{'':<15} {figures}: {verdict}", flush=True)

    # ------------------------------------------------------------------------------------------------------ checks

    def lake_files(self, lake, table="charges"):
        """Active files of the newest version, read from the log by this script alone."""
        active = {}
        for entry in sorted(glob.glob(f"{lake}/{table}/_delta_log/*.json")):
            with open(entry, encoding="utf-8") as lines:
                for line in lines:
                    action = json.loads(line)
                    if "add" in action:
                        active[action["add"]["path"]] = True
                    if "remove" in action:
                        active.pop(action["remove"]["path"], None)
        return [f"{lake}/{table}/{path}" for path in sorted(active)]

    def sums_sql(self, relation):
        return (f"SELECT BillingCurrency, count(*), " + ", ".join(f"sum({cost})" for cost in COSTS) +
                f" FROM {relation} GROUP BY ALL ORDER BY 1")

    def expect_same_sums(self, source, lake):
        files = "[" + ", ".join(f"'{name}'" for name in self.lake_files(lake)) + "]"
        expected = self.table(self.sums_sql(source))
        found = self.table(self.sums_sql(f"read_parquet({files}, hive_partitioning=false, union_by_name=true)"))
        if not expected or expected != found:
            raise Wrong(f"the lake's sums are not the bill's\n  bill {expected}\n  lake {found}")

    # ------------------------------------------------------------------------------------------------ the claims

    def ingest(self, name, rows, files, source, limit):
        lake = self.folder / "tmp" / "lake"
        copy = self.folder / "tmp" / "copy.parquet"

        def clean():
            shutil.rmtree(lake, ignore_errors=True)
            copy.unlink(missing_ok=True)

        self.duel(name, f"ingest {rows:,} rows ({self.sizes(files) / 1e6:.0f} MB) into a new lake;"
                        " DuckDB: COPY to one zstd Parquet file",
                  lambda: self.ours("ingest", *files, f"--lake={lake}"),
                  lambda: self.duckdb(f"COPY (SELECT * FROM {source}) TO '{copy}' (FORMAT parquet, COMPRESSION zstd)"),
                  limit, before=clean, memory_limit_mib=1536)
        self.expect_same_sums(source, lake)
        clean()

    def ingest_parquet(self, rows):
        files = self.bills("focus-1.4-parquet", rows)
        listed = ", ".join(f"'{name}'" for name in files)
        self.ingest("ingest_parquet", rows, files, f"read_parquet([{listed}], hive_partitioning=false)", 1.6)

    def ingest_csv(self, rows):
        file = self.one_csv(rows)
        source = f"read_csv('{file}', header=true, auto_detect=false, delim=',', quote='\"', escape='\"'," \
                 f" columns={self.csv_columns(file)}, hive_partitioning=false)"
        self.ingest("ingest_csv", rows, [file], source, 1.6)

    def groups(self, run):
        """What `top --by=service,account --output=json` says: (service, account, currency) -> cost."""
        found = {}
        report = json.loads(run.out)
        for row in report["rows"]:
            key = (row.get("service") or "", row.get("account") or "", row.get("currency") or "")
            found[key] = Decimal(str(row["effective_cost"]))
        return found

    def duel_of_groups(self, name, what, ours, source, limit):
        sql = ("SELECT coalesce(ServiceName, ''), coalesce(SubAccountId, ''), BillingCurrency,"
               f" sum(EffectiveCost) AS cost, count(*) FROM {source} GROUP BY ALL ORDER BY cost DESC, 1, 2, 3")
        self.duel(name, what, ours, lambda: self.duckdb(sql), limit)
        expected = {(r[0], r[1], r[2]): Decimal(r[3]) for r in self.table(sql)}
        found = self.groups(ours())
        if not expected or expected != found:
            wrong = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
            raise Wrong(f"{len(wrong)} of {len(expected)} groups differ, such as {wrong[0]}:"
                        f" {expected.get(wrong[0])} and {found.get(wrong[0])}")

    def top(self, rows):
        files = self.bills("focus-1.4-parquet", rows)
        lake = self.folder / "lakes" / f"top-{rows}"
        if not (lake / "done").exists():
            shutil.rmtree(lake, ignore_errors=True)
            self.say(f"loading {rows:,} rows")
            self.ours("ingest", *files, f"--lake={lake}")
            (lake / "done").touch()
        listed = ", ".join(f"'{name}'" for name in self.lake_files(lake))
        self.duel_of_groups(
            "top", f"top --by=service,account on a lake of {rows:,} rows; DuckDB: the query on the same files",
            lambda: self.ours("top", "--by=service,account", "--limit=0", "--output=json", f"--lake={lake}"),
            f"read_parquet([{listed}], hive_partitioning=false, union_by_name=true)", 1.25)

    def top_file(self, rows):
        file = self.one_csv(rows)
        source = f"read_csv('{file}', header=true, auto_detect=false, delim=',', quote='\"', escape='\"'," \
                 f" columns={self.csv_columns(file)}, hive_partitioning=false)"
        self.duel_of_groups(
            "top_file", f"top FILE on {rows:,} rows of CSV.gz ({os.path.getsize(file) / 1e6:.0f} MB);"
                        " DuckDB: the query with all types declared",
            lambda: self.ours("top", file, "--by=service,account", "--limit=0", "--output=json"), source, 1.5)

    def gen(self, rows):
        folder = self.folder / "tmp" / "made"
        copy = self.folder / "tmp" / "copy.parquet"
        source = f"read_parquet('{folder}/focus-1.4/*/*/*.parquet', hive_partitioning=false)"
        told = {}

        def clean():
            shutil.rmtree(folder, ignore_errors=True)
            copy.unlink(missing_ok=True)

        def make():
            run = self.ours("gen", f"--rows={rows}", "--months=2", "--deliveries=1", "--grain=hour",
                            "--formats=focus-1.4-parquet", f"--out={folder}", "--output=json")
            told["rows"] = json.loads(run.out)["rows"]
            return run

        self.duel("gen", f"gen {rows:,} rows of FOCUS 1.4 Parquet; DuckDB: COPY of the finished files to one", make,
                  lambda: self.duckdb(f"COPY (SELECT * FROM {source}) TO '{copy}'"
                                      " (FORMAT parquet, COMPRESSION zstd)"), 2, before=clean)
        costs = ["billed_cost", "effective_cost", "list_cost", "contracted_cost"]
        expected = {}
        for row in told["rows"]:
            sums = expected.setdefault(row["currency"], [0, *[Decimal(0)] * len(costs)])
            sums[0] += row["rows"]
            sums[1:] = [total + Decimal(row[cost]) for total, cost in zip(sums[1:], costs)]
        found = {row[0]: [int(row[1]), *map(Decimal, row[2:])] for row in self.table(self.sums_sql(source))}
        if not expected or expected != found:
            raise Wrong(f"the bill's sums are not the truth's\n  truth {expected}\n  bill {found}")
        clean()

    def startup(self, rows):
        self.alone("version", "steelyard version", lambda: self.plain("version"), 0.040)
        lake = self.folder / "lakes" / "commits-500"
        if not (lake / "done").exists():
            shutil.rmtree(lake, ignore_errors=True)
            self.say("making 500 commits")
            self.make_commits(lake, 500)
            (lake / "done").touch()
        count = max(int(pathlib.Path(name).stem) for name in glob.glob(f"{lake}/charges/_delta_log/0*.json")) + 1
        if count != 500:
            raise Wrong(f"{count} commits instead of 500")
        self.alone("status", "steelyard status on a lake with 500 commits",
                   lambda: self.plain("status", f"--lake={lake}"), 0.150)

    def commitments(self, name, what, *words):
        """Runs bench/commitments_bench, which compares the results itself; returns its figures."""
        run = Run([str(self.bare.parent / "commitments_bench"), *words])
        print(f"{name:<15} {what}\n{'':<15} {run.out.splitlines()[0]}", flush=True)
        return json.loads(run.out.splitlines()[-1])

    def judge(self, result, kept):
        self.results.append(dict(result, kept=kept))
        self.failed |= not kept
        print(f"{'':<15} {'kept' if kept else 'NOT KEPT'}", flush=True)

    def level(self, pools):
        found = self.commitments("level", f"best levels of {pools:,} pools x 26,280 hours; one pass over them",
                                 "level", f"--pools={pools}")
        self.judge(dict(found, name="level", limit=2), found["ours_s"] <= 2 * found["opponent_s"])

    def portfolio(self, pools):
        """On real demand where it is at hand (STEELYARD_DATA, or ../shared/data), made up otherwise."""
        highs = Run([str(ROOT / "bench" / "setup_highs.sh"), str(self.folder / "highs")]).out.strip()
        data = pathlib.Path(os.environ.get("STEELYARD_DATA", ROOT.parent / "shared" / "data"))
        real = data / "commitments" / "snowflake_shaved_ice_hourly_vm_demand.parquet"
        demand = [f"--demand={real}"] if real.exists() else [f"--pools={pools}", "--hours=26280"]
        found = self.commitments("portfolio", "the best commitments for 47 pools and a plan over all; HiGHS on the"
                                 f" whole program, {'real' if real.exists() else 'made-up'} demand",
                                 "portfolio", f"--highs={highs}", *demand)
        self.judge(dict(found, name="portfolio", limit=0.01), found["opponent_s"] >= 100 * found["ours_s"])

    def purchases(self, pools):
        found = self.commitments("purchases", f"12 instruments for {pools:,} pools x 8,760 hours, to a gap of 1e-6 in"
                                 " at most 60 s and 4 GiB; again after one price, in a tenth", "many",
                                 f"--pools={pools}",
                                 "--hours=8760", "--offers=12")
        self.judge(dict(found, name="purchases", limit_s=60), found["ours_s"] <= 60 and found["peak_mib"] <= 4096 and
                   found["again_s"] <= found["ours_s"] / 10)

    def make_commits(self, lake, number):
        """Ten sources of fifty months, one small bill each."""
        with gzip.open(self.one_csv(20000), "rt", encoding="utf-8", newline="") as text:
            head, sample = text.readline(), [text.readline() for _ in range(20)]
        period = dict(zip(next(csv.reader([head])), next(csv.reader([sample[0]]))))["BillingPeriodStart"][:7]
        for source in range(number // 50):
            bills = []
            for i in range(50):
                month = f"{2020 + i // 12}-{i % 12 + 1:02}"
                after = f"{2020 + (i + 1) // 12}-{(i + 1) % 12 + 1:02}"
                old = f"{period[:5]}{int(period[5:]) + 1:02}" if int(period[5:]) < 12 else f"{int(period[:4]) + 1}-01"
                rows = "".join(sample).replace(old, "NEXT-MONTH").replace(period, month).replace("NEXT-MONTH", after)
                bills.append(self.folder / "tmp" / f"bill-{month}.csv")
                bills[-1].write_text(head + rows, encoding="utf-8")
            self.ours("ingest", *bills, f"--lake={lake}", f"--source=source-{source}", "--allow-overlap")


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as lines:
        memory_gib = int(lines.readline().split()[1]) / (1 << 20)
    return f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rows", type=int, default=0, help="rows of the input; each benchmark has its own default")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--memory", type=int, default=1024, help="MiB for the engine, on both sides")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--folder", default=str(ROOT / "build" / "bench"))
    parser.add_argument("--out", default="", help="also write the figures there as JSON")
    options = parser.parse_args()
    bench = Bench(options)
    # Small enough for a few minutes; docs/performance.md has the sizes that the claims are made for.
    sizes = {"ingest_parquet": 1_000_000, "ingest_csv": 1_000_000, "top": 5_000_000, "top_file": 1_000_000,
             "gen": 2_000_000, "startup": 0, "level": 10_000, "portfolio": 47, "purchases": 1_000}
    names = options.names or list(sizes)
    for name in names:
        if name not in sizes:
            parser.error(f"no benchmark {name}; there are {', '.join(sizes)}")
    print(f"{machine()}; {options.threads} threads and {options.memory} MiB for the engine on both sides; medians of"
          f" {options.runs} runs", flush=True)
    for name in names:
        try:
            getattr(bench, name)(options.rows or sizes[name])
        except Wrong as error:
            print(f"{name}: {error}", flush=True)
            bench.failed = True
    shutil.rmtree(bench.folder / "tmp", ignore_errors=True)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "threads": options.threads, "memory_mib": options.memory,
                       "results": bench.results}, file, indent=1)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
