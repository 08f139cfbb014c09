#!/usr/bin/env python3
"""Buys through the command line of AWS, which checks every parameter, from a stub; skipped where there is no `aws`."""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

STEELYARD = str(pathlib.Path(os.environ.get("STEELYARD", "build/dev/bin/steelyard")).resolve())
# Each commitment has a service of its own: offer, scope, term, payment, class; then what runs, and its rates.
INSTRUMENTS = """compute,compute-sp,,,1,no-upfront,|lambda,eu-west-1,,,,,10
narrow,ec2-instance-sp,region family,,1,partial-upfront,|any,eu-west-1,c6g,large,,,10
zonal,zonal-ri,zone family size,,1,all-upfront,|zone,eu-west-1,m6i,large,eu-west-1a,,10
rds,rds-ri,region family engine,size,1,no-upfront,|rds,eu-west-1,db.r6g,db.r6g.large,,Aurora MySQL,10
cache,elasticache-ri,region family engine,size,1,no-upfront,|cache,eu-west-1,cache.r6g,cache.r6g.large,,Redis,10
search,opensearch-ri,region size,,1,no-upfront,|search,eu-west-1,r6g,r6g.large.search,,,10
warehouse,redshift-ri,region size,,1,no-upfront,|warehouse,eu-west-1,ra3,ra3.4xlarge,,,10
conv,regional-ri,region family,size,3,no-upfront,convertible|vm,eu-west-1,m7g,large,,,20"""
OFFERS, POOLS = zip(*(line.split("|") for line in INSTRUMENTS.splitlines()))
NAMES = ",".join(offer.split(",")[0] for offer in OFFERS)
RATES = [f"{pool.split(',')[0]},*,*,0.1,," + "," * i + "0.06" + "," * (7 - i) for i, pool in enumerate(POOLS[:7])]
RATES += ["vm,m5,large,0.1,4,,,,,,,,0.05", "vm,m7g,large,0.08,4,,,,,,,,0.04"]
OLD = "11111111-2222-3333-4444-555555555555"  # held, and of no use any more


def offering(number):
    return f"{number:08}-0000-0000-0000-000000000000"


class Stub(http.server.BaseHTTPRequestHandler):
    calls, found, refused = [], 1, ""  # what was asked; how many fit; the operation that fails

    log_message = lambda *_: None

    def do_POST(self):
        url = urllib.parse.urlparse(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        words = json.loads(body) if body.startswith("{") else dict(urllib.parse.parse_qsl(body or url.query))
        operation = words.pop("Action", url.path.rsplit("/", 1)[-1])
        words.pop("Version", None)
        Stub.calls.append((operation, words))
        refused = operation == Stub.refused
        said = "<E><Error><Code>AccessDenied</Code></Error></E>" if refused else self.found_by(operation, words)
        self.send_response(403 if refused else 200)
        self.end_headers()
        self.wfile.write((said if isinstance(said, str) else json.dumps(said)).encode())

    do_GET = do_POST

    def found_by(self, operation, words):
        ids = [offering(7 + i) for i in range(Stub.found)]
        first = not (words.get("Marker") or words.get("NextToken") or words.get("nextToken"))
        if operation == "DescribeSavingsPlansOfferings":
            return {"searchResults": [{"offeringId": each} for each in ids]}
        if operation == "reservedInstanceOfferings":  # OpenSearch
            fits = {"InstanceType": "r6g.large.search", "Duration": 31536000, "PaymentOption": "NO_UPFRONT"}
            if first:
                return {"NextToken": "more", "ReservedInstanceOfferings": [{**fits, "InstanceType": "m5.large.search"}]}
            return {"ReservedInstanceOfferings": [{**fits, "ReservedInstanceOfferingId": each} for each in ids]}
        if operation == "DescribeReservedInstancesOfferings":
            items = [f"<item><reservedInstancesOfferingId>{each}</reservedInstancesOfferingId></item>" for each in ids]
            items = "/><nextToken>more</nextToken>" if first else f">{''.join(items)}</reservedInstancesOfferingsSet>"
            return f"<R><reservedInstancesOfferingsSet{items}</R>"
        if operation.startswith("DescribeReserved"):  # databases, caches, warehouses
            name = operation[len("Describe"):-1]
            item = "<{0}><{0}Id>{1}</{0}Id><ProductDescription>{2}</ProductDescription><Duration>31536000</Duration>" \
                   "<NodeType>ra3.4xlarge</NodeType><OfferingType>No Upfront</OfferingType>" \
                   "<ReservedNodeOfferingType>{3}</ReservedNodeOfferingType></{0}>"
            product = words.get("ProductDescription", "")
            items, more = "".join(item.format(name, each, product, "Regular") for each in ids), ""
            if first:  # not quite
                items, more = item.format(name, offering(1), "other " + product, "Upgradable"), "<Marker>more</Marker>"
            return f"<R><{operation}Result><{name}s>{items}</{name}s>{more}</{operation}Result></R>"
        if operation == "GetReservedInstancesExchangeQuote":
            valid = "false" if Stub.refused == "exchange" else "true"
            return f"<R><isValidExchange>{valid}</isValidExchange><paymentDue>1.50</paymentDue>" \
                   "<validationFailureReason>it is not worth enough</validationFailureReason></R>"
        return {} if self.path != "/" else f"<R><{operation}Result/></R>"


def expect(truth, what, shown):
    if not truth:
        sys.exit(f"{what}\n{shown}")


def main():
    if not shutil.which("aws"):
        print("skipped: no command line of AWS (aws)")
        return 77
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {**os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_ACCESS_KEY_ID": "a",
           "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": os.devnull}
    with tempfile.TemporaryDirectory() as folder:
        files = {"offers": ["offer,kind,scope,size,term_years,payment,class", *OFFERS], 
                 "held": ["id,offer,amount,region,family,size,begin", OLD + ",conv,9,eu-west-1,m5,large,2025-06-01"],
                 "rates": ["service,family,size,on_demand,factor," + NAMES, *RATES],
                 "demand": ["hour,service,region,family,size,zone,engine,quantity"]}
        for hour in range(336):
            files["demand"] += [f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z,{pool}" for pool in POOLS]
        for name, lines in files.items():
            pathlib.Path(folder, name + ".csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        subprocess.run([STEELYARD, "commitments", "plan", "--demand=demand.csv", "--offers=offers.csv", "-q",
                        "--rates=rates.csv", "--holdings=held.csv", "--max-term=1", "--purchases=buy.sh", "--out=plan"],
                       cwd=folder, check=True)

        def script(*arguments, found=1, refused=""):
            Stub.calls, Stub.found, Stub.refused = [], found, refused
            done = subprocess.run(["bash", "buy.sh", *arguments], cwd=folder, env=env, text=True, timeout=600,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            bought = [call for call in Stub.calls if not call[0].startswith(("Describe", "Get", "reservedInstanceO"))]
            return done.returncode, done.stdout, bought

        code, said, bought = script("1", "8")
        expect(code == 0 and not bought and said.count("would run:") == 2 and "exchange: 1.50" in said, "look", said)
        code, said, bought = script("--buy")
        id, name = offering(7), "steelyard-2026-01-15-"
        expect(code == 0 and said.count("would run:") == 8 and bought == [
            ("CreateSavingsPlan", {"savingsPlanOfferingId": id, "commitment": "0.6", "clientToken": name + "1"}),
            ("CreateSavingsPlan", {"savingsPlanOfferingId": id, "commitment": "0.555", "upfrontPaymentAmount": "2431",
                                   "clientToken": name + "2"}),
            ("PurchaseReservedCacheNodesOffering", {"ReservedCacheNodesOfferingId": id, "CacheNodeCount": "9",
                                                    "ReservedCacheNodeId": name + "3"}),
            ("PurchaseReservedDBInstancesOffering", {"ReservedDBInstancesOfferingId": id, "DBInstanceCount": "9",
                                                     "ReservedDBInstanceId": name + "4"}),
            ("purchaseReservedInstanceOffering", {"ReservedInstanceOfferingId": id, "InstanceCount": 9,
                                                  "ReservationName": name + "5"}),
            ("PurchaseReservedNodeOffering", {"ReservedNodeOfferingId": id, "NodeCount": "9"}),
            ("PurchaseReservedInstancesOffering", {"ReservedInstancesOfferingId": id, "InstanceCount": "9"}),
            ("AcceptReservedInstancesExchangeQuote", {"ReservedInstanceId.1": OLD,
                                                      "TargetConfiguration.1.OfferingId": id})], bought, said)
        for found, words in (0, "found nothing: aws"), (2, f"found 2, {id} {offering(8)}, and cannot choose: aws"):
            code, said, bought = script("--buy", "1", "4", "5", found=found)
            expect(code == 1 and not bought and said.count(words) == 3 and "3 of the purchases" in said, words, said)
        code, said, bought = script("--buy", "3", "4", refused="DescribeReservedDBInstancesOfferings")
        expect(code == 1 and not bought and "AccessDenied" in said and "failed: aws rds" in said, "no right", said)
        code, said, bought = script("--buy", "8", refused="exchange")
        expect(code == 1 and not bought and "not exchanged, it is not worth enough:" in said, "no exchange", said)
        code, said, bought = script("--buy", "3", "4", "5", refused="PurchaseReservedDBInstancesOffering")
        expect(code == 1 and len(bought) == 2 and "purchase 4 failed; bought: 3; left: --buy 4 5" in said, bought, said)
    return 0


sys.exit(main())
