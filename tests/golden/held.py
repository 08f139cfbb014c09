#!/usr/bin/env python3
"""Compares what is charged for what is held with the generator's truth: held.py amortisation.csv ANSWER.json...

Prints a line for each commitment whose cost differs, and how many agree."""
import csv
import decimal
import json
import sys

decimal.getcontext().prec = 60


def main():
    truth, names = {}, {}
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sums = [decimal.Decimal(row[name]) for name in ("committed", "used", "unused")]
            name = row["name"]
            names[row["commitment_id"]] = name
            truth[name] = [a + b for a, b in zip(truth.get(name, [0, 0, 0]), sums)]
    agree = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)["rows"]
        for row in rows:
            name = names.get(row["purchase"], row["purchase"])
            if name not in truth:
                continue
            found = [decimal.Decimal(row[column]) for column in ("cost", "used", "unused")]
            wanted = truth.pop(name)
            # Who is covered first is the provider's choice, so a simulation only has the cost in common with it.
            status = "utilisation" in row
            if found[0] == wanted[0] == found[1] + found[2] and (not status or found == wanted):
                agree += 1
            else:
                print(f"{name}: cost, used, unused {[str(x) for x in found]}, truth {[str(x) for x in wanted]}")
    print(f"{agree} agree; not found: {', '.join(sorted(truth)) or 'none'}")


main()
