#!/usr/bin/env python3
"""Follows every policy of commitments through the past of generated enterprises, and compares them with `plan`.

Each enterprise is two years of bills by the hour (`steelyard gen --seed=N`), of which the machines' hours by region and
family become demand. Two thirds of it are judged: a decision each month, none of which sees what lies ahead. What one
enterprise's usage does is luck, so policies are compared in pairs, enterprise by enterprise: how much more `plan` saves
in the mean, and the standard error of that. The expected result: no other policy that is built in saves more beyond
chance (two standard errors).

What there is to gain comes last: of what a pool used at least in four weeks, tenth by tenth from the lowest, how much
is used in the year ahead, in the mean of all pools by their size. A commitment to a pool at a price p in place of a
plan at q pays off from p / q on.

  bench/policies.py [--seeds=N] [--rows=N] [--every=STEP] [--build=DIR] [--folder=DIR]

About a minute for an enterprise, most of it to make the bills; demand is kept in build/bench/policies.
"""
import argparse
import collections
import concurrent.futures
import csv
import datetime
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PRICES = ["--discount=40%", "--plan-discount=28%"]
DEMAND = """SELECT ChargePeriodStart AS hour, RegionId AS region,
       split_part(json_extract_string(SkuPriceDetails, '$.InstanceType'), '.', 1) AS family,
       CAST(sum(PricingQuantity) AS BIGINT) AS quantity
  FROM charges
 WHERE ChargeCategory = 'Usage' AND json_extract_string(SkuPriceDetails, '$.InstanceType') IS NOT NULL
   AND coalesce(CommitmentDiscountStatus, 'Used') = 'Used'
 GROUP BY ALL ORDER BY 1"""


def demand(options, seed):
    """Hourly demand of an enterprise, made once."""
    file = options.folder / f"{options.rows}-{seed}.csv"
    if file.exists():
        return file
    bills, lake = options.folder / f"bills-{seed}", options.folder / f"lake-{seed}"
    for folder in (bills, lake):
        shutil.rmtree(folder, ignore_errors=True)
    part = file.with_suffix(".part.csv")
    part.unlink(missing_ok=True)
    for words in (["gen", f"--rows={options.rows}", "--months=24", "--grain=hour", f"--seed={seed}",
                   "--formats=focus-1.4-parquet", "--deliveries=1", f"--out={bills}"],
                  [f"--lake={lake}", "ingest", str(bills)],
                  [f"--lake={lake}", "sql", DEMAND, f"--out={part}"]):
        subprocess.run([options.steelyard, *words, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    for folder in (bills, lake):
        shutil.rmtree(folder)
    part.rename(file)
    return file


def saved(options, seed):
    """Share of all on demand that each policy saves."""
    shares = {}
    for policy in ([], ["--policy=plan"]):
        out = subprocess.run([options.steelyard, "commitments", "backtest", f"--demand={demand(options, seed)}",
                              f"--every={options.every}", *PRICES, *policy, "--output=csv", "--threads=1", "--quiet"],
                             check=True, capture_output=True, text=True).stdout
        shares.update({row["policy"]: float(row["saved_share"]) for row in csv.DictReader(out.splitlines())})
    print(f"enterprise {seed}: plan saves {shares['plan']:.1%}", file=sys.stderr, flush=True)
    return shares


YEAR, FIRST, TENTHS = 52, 36, 10  # weeks; of the first moment; parts of what a pool uses


def lasting(options, seed):
    """Size of all pools at all moments, and how much of each tenth of it was used in the year after."""
    hours = collections.defaultdict(collections.Counter)
    with open(demand(options, seed), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            hours[row["region"], row["family"]][row["hour"]] += int(row["quantity"])
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
    parser.add_argument("--seeds", type=int, default=48)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--every", default="month")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "bench" / "policies")
    options = parser.parse_args()
    options.steelyard = str(options.build.resolve() / "bin" / "steelyard")
    if not os.path.exists(options.steelyard):
        parser.error(f"there is no {options.steelyard}: `./dev build --release` makes it")
    options.folder.mkdir(parents=True, exist_ok=True)
    seeds = range(1, options.seeds + 1)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        of_seeds = list(pool.map(lambda seed: saved(options, seed), seeds))

    print("| policy | " + " | ".join(map(str, seeds)) + " | mean | `plan` saves more | on |")
    print("|---|" + "---|" * (len(of_seeds) + 3))
    beaten = True
    for policy in sorted(of_seeds[0], key=lambda name: -statistics.mean(shares[name] for shares in of_seeds)):
        more = [shares["plan"] - shares[policy] for shares in of_seeds]
        error = statistics.stdev(more) / len(more) ** 0.5 if len(more) > 1 else float("nan")
        beats = "" if policy == "plan" else f"{statistics.mean(more):.1%} ± {error:.1%} | {sum(m > 0 for m in more)}"
        print(f"| {policy} | " + " | ".join(f"{shares[policy]:.1%}" for shares in of_seeds) +
              f" | {statistics.mean(shares[policy] for shares in of_seeds):.1%} | {beats or ' | '} |")
        beaten &= not statistics.mean(more) < -2 * error  # of one enterprise no error is known

    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        sizes, uses = zip(*pool.map(lasting, [options] * len(seeds), seeds))
    print("\nused in the year ahead, lowest tenth first: " +
          ", ".join(f"{sum(tenth) / sum(sizes):.1%}" for tenth in zip(*uses)))
    sys.exit(0 if beaten else 1)


if __name__ == "__main__":
    main()
