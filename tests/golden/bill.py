#!/usr/bin/env python3
"""Turns a short bill of a golden test into a whole FOCUS 1.0 CSV: bill.py small.csv > bill.csv

Columns that FOCUS 1.0 does not have are added. Columns that the short bill lacks get the same plain value in every row;
ListCost, ContractedCost and EffectiveCost are the BilledCost unless they are given, and a charge lasts a day from
`day`, or an hour of it from `hour`. So a test shows only what it is about."""
import csv
import datetime
import sys

COLUMNS = """AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd
ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName
CommitmentDiscountStatus CommitmentDiscountType ConsumedQuantity ConsumedUnit ContractedCost
ContractedUnitPrice EffectiveCost InvoiceIssuerName ListCost ListUnitPrice PricingCategory
PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName
ResourceType ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags""".split()

DEFAULTS = {
    "BillingAccountId": "1000",
    "BillingAccountName": "Example",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeDescription": "use",
    "ChargeFrequency": "Usage-Based",
    "InvoiceIssuerName": "Cloud Inc",
    "PricingCategory": "Standard",
    "ProviderName": "Cloud",
    "PublisherName": "Cloud Inc",
    "ServiceCategory": "Compute",
    "ServiceName": "Machines",
    "SubAccountId": "1001",
    "SubAccountName": "main",
}


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        rows = list(lines)
    own = [name for name in lines.fieldnames if name not in COLUMNS + ["day", "hour"]]
    out = csv.DictWriter(sys.stdout, COLUMNS + own, lineterminator="\n", extrasaction="raise")
    out.writeheader()
    for row in rows:
        day = datetime.date.fromisoformat(row.pop("day", None) or "2026-07-01")
        month = day.replace(day=1)
        full = dict(DEFAULTS)
        full.update({"BillingPeriodStart": f"{month} 00:00:00",
                     "BillingPeriodEnd": f"{(month + datetime.timedelta(days=32)).replace(day=1)} 00:00:00",
                     "ChargePeriodStart": f"{day} 00:00:00",
                     "ChargePeriodEnd": f"{day + datetime.timedelta(days=1)} 00:00:00"})
        if hour := row.pop("hour", None):
            start = datetime.datetime.combine(day, datetime.time(int(hour)))
            full.update({"ChargePeriodStart": str(start),
                         "ChargePeriodEnd": str(start + datetime.timedelta(hours=1))})
        for cost in ("ListCost", "ContractedCost", "EffectiveCost"):
            full[cost] = row["BilledCost"]
        full.update({name: value for name, value in row.items() if value is not None})
        out.writerow(full)


main()
