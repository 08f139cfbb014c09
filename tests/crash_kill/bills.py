"""Small bills whose sums are known: what the tests of crashes and of crowds ingest."""
import csv

COLUMNS = """BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd
ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName
CommitmentDiscountStatus CommitmentDiscountType ConsumedQuantity ConsumedUnit ContractedCost
ContractedUnitPrice EffectiveCost InvoiceIssuerName ListCost ListUnitPrice PricingCategory
PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName
ResourceType ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags""".split()


def write_bill(path, month, rows, dollars, account="111111111111"):
    """A FOCUS 1.0 file of one account and month: `rows` lines, each of so many dollars."""
    year, number = map(int, month.split("-"))
    following = f"{year + number // 12}-{number % 12 + 1:02d}"
    with open(path, "w", newline="") as out:
        table = csv.DictWriter(out, COLUMNS, restval="")
        table.writeheader()
        for n in range(rows):
            day = f"{month}-{n % 28 + 1:02d}"
            table.writerow({
                "BilledCost": f"{dollars}.00", "EffectiveCost": f"{dollars}.00",
                "ListCost": f"{dollars}.00", "ContractedCost": f"{dollars}.00",
                "BillingAccountId": account, "BillingAccountName": "main", "BillingCurrency": "USD",
                "BillingPeriodStart": f"{month}-01T00:00:00Z",
                "BillingPeriodEnd": f"{following}-01T00:00:00Z",
                "ChargeCategory": "Usage", "ChargeDescription": f"line {n}",
                "ChargeFrequency": "Usage-Based", "ChargePeriodStart": f"{day}T00:00:00Z",
                "ChargePeriodEnd": f"{day}T01:00:00Z", "ConsumedQuantity": "1",
                "ConsumedUnit": "Hours", "InvoiceIssuerName": "AWS", "PricingCategory": "Standard",
                "PricingQuantity": "1", "PricingUnit": "Hours", "ProviderName": "AWS",
                "PublisherName": "AWS", "ServiceCategory": "Compute", "ServiceName": "Amazon EC2",
                "SkuId": "sku", "SkuPriceId": "price", "SubAccountId": account})
