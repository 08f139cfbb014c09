#!/usr/bin/env python3
"""Follows every policy of commitments through the past of generated enterprises, and compares them with `plan`.

Each enterprise is what two years of bills by the hour tell (`steelyard gen --rows=N --months=24 --grain=hour
--seed=N`): hours of Amazon's machines by region and family, in normalized units, as a plan over all of them and plans
for a family cover them. `generated_demand` makes it without the bills; of one small enterprise both are made, and must
be equal. Two thirds of the time are judged: a decision each month, none of which sees what lies ahead. What one
enterprise's usage does is luck, so policies are compared in pairs, enterprise by enterprise: how much more `plan` saves
in the mean, and the standard error of that. The expected result: `plan` saves more than each in the mean.

What there is to gain comes last: of what a pool used at least in four weeks, tenth by tenth from the lowest, how much
is used in the year ahead, in the mean of all pools by their size. A commitment to a pool at a price p in place of a
plan at q pays off from p / q on.

  bench/policies.py [--seeds=N] [--rows=N] [--every=STEP] [--build=DIR]

Ten seconds of a core for an enterprise.
"""
import argparse
import collections
import concurrent.futures
import csv
import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
MONTHS = 24
PRICES = ["--discount=40%", "--plan-discount=28%"]
# The same from a bill, by the names of the machines.
OF_THE_BILL = """SELECT ChargePeriodStart AS hour, RegionId AS region,
       json_extract_string(SkuPriceDetails, '$.InstanceType') AS type, CAST(sum(PricingQuantity) AS BIGINT) AS machines
  FROM charges
 WHERE ChargeCategory = 'Usage' AND ServiceName = 'Amazon Elastic Compute Cloud' AND type IS NOT NULL
   AND coalesce(CommitmentDiscountStatus, 'Used') = 'Used'
 GROUP BY ALL"""


def write_demand(options, file, rows, months, seed):
    """The hourly demand of an enterprise."""
    with open(file, "wb") as out:
        subprocess.run([options.generated_demand, str(rows), str(months), str(seed)], check=True, stdout=out)


def normalized(machine):
    """Units of a machine by its name: m5.large 4, m5.2xlarge 16."""
    size = machine.split(".")[1]
    return {"micro": 0.5, "small": 1, "medium": 2, "large": 4}.get(size) or 8 * int(size.removesuffix("xlarge") or 1)


def check_with_a_bill(options):
    """Ends the program where the demand of a small enterprise differs from what its bill says."""
    rows, months, seed = 100_000, 2, 1
    with tempfile.TemporaryDirectory() as folder:
        bills, lake, found, demand = (str(pathlib.Path(folder) / name)
                                      for name in ("bills", "lake", "found.csv", "demand.csv"))
        for words in (["gen", f"--rows={rows}", f"--months={months}", "--grain=hour", f"--seed={seed}",
                       "--formats=focus-1.4-parquet", "--deliveries=1", f"--out={bills}"],
                      [f"--lake={lake}", "ingest", bills],
                      [f"--lake={lake}", "sql", OF_THE_BILL, f"--out={found}"]):
            subprocess.run([options.steelyard, *words, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        of_bill = collections.Counter()
        for row in rows_of(found):
            key = row["hour"], row["region"], row["type"].split(".")[0]
            of_bill[key] += normalized(row["type"]) * int(row["machines"])
        write_demand(options, demand, rows, months, seed)
        made = {(row["hour"], row["region"], row["family"]): float(row["quantity"]) for row in rows_of(demand)}
    wrong = [(key, made.get(key), of_bill.get(key)) for key in made.keys() | of_bill.keys()
             if made.get(key) != of_bill.get(key)]
    if wrong or not made:
        sys.exit(f"demand differs from the bill in {len(wrong)} of {len(made)} hours of pools, as {wrong[:1]}")
    print(f"demand of {len(made)} hours of pools is what the bill says", file=sys.stderr, flush=True)


def rows_of(file):
    with open(file, encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def follow(options, seed):
    """Of an enterprise: the share of all on demand that each policy saves; and what lasting() says."""
    with tempfile.TemporaryDirectory() as folder:
        demand = pathlib.Path(folder) / "demand.csv"
        write_demand(options, demand, options.rows, MONTHS, seed)
        shares = {}
        for policy in ([], ["--policy=plan"]):
            out = subprocess.run([options.steelyard, "commitments", "backtest", f"--demand={demand}",
                                  f"--every={options.every}", *PRICES, *policy, "--output=csv", "--threads=1",
                                  "--quiet"], check=True, capture_output=True, text=True).stdout
            shares.update({row["policy"]: float(row["saved_share"]) for row in csv.DictReader(out.splitlines())})
        print(f"enterprise {seed}: plan saves {shares['plan']:.1%}", file=sys.stderr, flush=True)
        return shares, lasting(demand)


YEAR, FIRST, TENTHS = 52, 36, 10  # weeks; of the first moment; parts of what a pool uses


def lasting(demand):
    """Size of all pools at all moments, and how much of each tenth of it was used in the year after."""
    hours = collections.defaultdict(collections.Counter)
    for row in rows_of(demand):
        hours[row["region"], row["family"]][row["hour"]] += float(row["quantity"])
    first = min(datetime.datetime.fromisoformat(hour) for pool in hours.values() for hour in pool)
    size, used = 0, [0] * TENTHS
    for pool in hours.values():
        weeks = collections.Counter()
        for hour, count in pool.items():
            weeks[(datetime.datetime.fromisoformat(hour) - first) // datetime.timedelta(weeks=1)] += count
        use = [weeks[week] for week in range(104)]
        for moment in range(FIRST, len(use) - YEAR, 4):
            tenth = min(use[moment - 4:moment]) / TENTHS
            size += tenth * TENTHS
            for i in range(TENTHS if tenth > 0 else 0):
                ahead = use[moment:moment + YEAR]
                used[i] += sum(min(1, max(0, week / tenth - i)) for week in ahead) / YEAR * tenth * TENTHS
    return size, used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=192)
    parser.add_argument("--rows", type=int, default=30_000_000)
    parser.add_argument("--every", default="month")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    options = parser.parse_args()
    options.steelyard = str(options.build.resolve() / "bin" / "steelyard")
    options.generated_demand = str(options.build.resolve() / "bench" / "generated_demand")
    for program in (options.steelyard, options.generated_demand):
        if not os.path.exists(program):
            parser.error(f"there is no {program}: `./dev build --release --all` makes it")
    check_with_a_bill(options)
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        of_seeds, of_pools = zip(*pool.map(follow, [options] * options.seeds, range(1, options.seeds + 1)))

    print(f"| policy | mean | least | most | `plan` saves more, ± standard error | on so many of {options.seeds} |")
    print("|---|---|---|---|---|---|")
    beaten = True
    for policy in sorted(of_seeds[0], key=lambda name: -statistics.mean(shares[name] for shares in of_seeds)):
        more = [shares["plan"] - shares[policy] for shares in of_seeds]
        error = statistics.stdev(more) / len(more) ** 0.5 if len(more) > 1 else float("nan")
        its = [shares[policy] for shares in of_seeds]
        beats = "" if policy == "plan" else f"{statistics.mean(more):.2%} ± {error:.2%}"
        print(f"| {policy} | {statistics.mean(its):.2%} | {min(its):.1%} | {max(its):.1%} | {beats} | "
              f"{sum(m > 0 for m in more) if beats else ''} |")
        beaten &= policy == "plan" or statistics.mean(more) > 0

    sizes, uses = zip(*of_pools)
    print("\nused in the year ahead, lowest tenth first: " +
          ", ".join(f"{sum(tenth) / sum(sizes):.1%}" for tenth in zip(*uses)))
    sys.exit(0 if beaten else 1)


if __name__ == "__main__":
    main()
