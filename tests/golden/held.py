#!/usr/bin/env python3
"""Compares what is charged for what is held with the generator's truth: held.py amortisation.csv ANSWER.json...

Prints a line for each commitment whose cost differs, and how many agree."""
import csv
import decimal
import json
import sys

decimal.getcontext().prec = 60


def main():
    truth = {}
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            truth[row["name"]] = truth.get(row["name"], 0) + decimal.Decimal(row["committed"])
    agree = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)["rows"]
        for row in rows:
            if row["purchase"] not in truth:
                continue
            cost, used, unused = (decimal.Decimal(row[name]) for name in ("cost", "used", "unused"))
            wanted = truth.pop(row["purchase"])
            if cost == wanted and used + unused == cost:
                agree += 1
            else:
                print(f"{row['purchase']}: cost {cost}, used {used}, unused {unused}, truth {wanted}")
    print(f"{agree} agree; not simulated: {', '.join(sorted(truth)) or 'none'}")


main()
