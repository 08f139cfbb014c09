#!/usr/bin/env python3
"""Eight writers and as many readers at one lake, each a process of its own.

Each writer brings bills of its own, one that every writer brings, and one over which all contend.
No delivery may be lost or doubled, and whoever reads meanwhile sees whole deliveries only: of an
account either nothing, or all of its rows and all of its dollars, and never less than before.
Checkpoints and vacuums run beside them.
`--rounds=N` repeats it with new months; the slow test has ten rounds.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash_kill"))
from bills import write_bill  # noqa: E402

PROGRAM = os.environ.get("STEELYARD", "build/release/bin/steelyard")
WRITERS, READERS = 8, 8
COMMON, CONTENDED = "900000000001", "900000000002"


class Crowd:
    def __init__(self, home, number):
        self.home, self.number = home, number
        self.lake = os.path.join(home, f"lake-{number}")
        self.problems, self.lock = [], threading.Lock()
        self.writing = True
        self.reads = self.whole_reads = self.checks = self.chores = 0
        self.bills = [self.bills_of(writer) for writer in range(WRITERS)]

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def run(self, *arguments):
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": self.home, "LC_ALL": "C.UTF-8",
                       "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "")}
        # Many processes with one thread each; a vacuum runs no engine and has no such flag.
        threads = [] if arguments[0] == "vacuum" else ["--threads=1"]
        return subprocess.run([PROGRAM, *arguments, f"--lake={self.lake}", *threads],
                              env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=600)

    def bills_of(self, writer):
        """Paths of the bills that a writer brings; their months and sums differ."""
        paths = []
        for account, rows, dollars in [
                (f"10000000000{writer}", 40 + writer, 2 + writer),
                (f"20000000000{writer}", 60 + writer, 3 + writer),
                (COMMON, 77, 5),
                (CONTENDED, 50 + writer, 1 + writer)]:
            name = f"{self.number}-{writer}-{account}.csv"
            write_bill(os.path.join(self.home, name), "2026-06", rows, dollars, account)
            paths.append(os.path.join(self.home, name))
        random.Random(self.number * WRITERS + writer).shuffle(paths)
        return paths

    def allowed(self, account):
        """The (rows, dollars) that an account may be seen with."""
        if account == COMMON:
            return {(77, 77 * 5)}
        if account == CONTENDED:
            return {(50 + w, (50 + w) * (1 + w)) for w in range(WRITERS)}
        writer, first = int(account[-1]), account[0] == "1"
        rows, dollars = (40 + writer, 2 + writer) if first else (60 + writer, 3 + writer)
        return {(rows, rows * dollars)}

    def write(self, writer):
        for path in self.bills[writer]:
            done = self.run("ingest", path)
            if done.returncode != 0:
                self.problem(f"writer {writer}: {done.stderr}")

    def seen(self):
        """{account: (rows, dollars)} in one read; None before there is a lake."""
        done = self.run("top", "--by=BillingAccountId", "--period=2026-06", "--limit=1000",
                        "-o", "json")
        if done.returncode != 0:
            if "SY1608" not in done.stdout + done.stderr:
                self.problem(f"reader: ends with {done.returncode}: {done.stdout}{done.stderr}")
            return None
        return {row["BillingAccountId"]: (row["rows"], float(row["effective_cost"]))
                for row in json.loads(done.stdout)["rows"] if row["BillingAccountId"]}

    def read(self):
        before = set()
        while self.writing:
            accounts = self.seen()
            with self.lock:
                self.reads += 1
                self.whole_reads += 1 if accounts else 0
            if accounts is None:
                continue
            for account, figures in accounts.items():
                if figures not in self.allowed(account):
                    self.problem(f"account {account} was seen with {figures}")
            if lost := before - set(accounts):
                self.problem(f"accounts {sorted(lost)} were seen and then were gone")
            before |= set(accounts)

    def keep_house(self):
        """What an operator may do at any time: checkpoints, and a vacuum that keeps a month."""
        while self.writing:
            for verb in ("checkpoint", "vacuum"):
                done = self.run(verb)
                if done.returncode != 0 and "SY1608" not in done.stdout + done.stderr:
                    self.problem(f"{verb} beside writers ends with {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
                with self.lock:
                    self.chores += 1 if done.returncode == 0 else 0
            time.sleep(0.1)

    def check(self):
        while self.writing:
            done = self.run("check", "--full")
            if done.returncode != 0 and "SY1608" not in done.stdout + done.stderr:
                self.problem(f"check beside writers ends with {done.returncode}: {done.stdout}{done.stderr}")
            with self.lock:
                self.checks += 1 if done.returncode == 0 else 0

    def judge(self):
        """What must hold when all is quiet."""
        expected = {account for w in range(WRITERS)
                    for account in (f"10000000000{w}", f"20000000000{w}")} | {COMMON, CONTENDED}
        accounts = self.seen() or {}
        if set(accounts) != expected:
            self.problem(f"in the end there are {sorted(accounts)}")
        for account, figures in accounts.items():
            if figures not in self.allowed(account):
                self.problem(f"in the end account {account} has {figures}")
        done = self.run("check", "--full")
        if done.returncode != 0 or "interrupted" in done.stdout:
            self.problem(f"in the end check says\n{done.stdout}{done.stderr}")
        listed = self.run("sql", "SELECT x_DeliverySource AS source, count(*) AS number "
                          "FROM deliveries GROUP BY ALL", "-o", "json")
        if listed.returncode != 0:
            self.problem(f"deliveries cannot be listed: {listed.stdout}{listed.stderr}")
            return
        for row in json.loads(listed.stdout)["rows"]:
            most = WRITERS if CONTENDED in row["source"] else 1
            if not 1 <= int(row["number"]) <= most:
                self.problem(f"{row['source']} was delivered {row['number']} times")

    def meet(self):
        writers = [threading.Thread(target=self.write, args=(w,)) for w in range(WRITERS)]
        readers = [threading.Thread(target=self.read) for _ in range(READERS - 1)]
        readers.append(threading.Thread(target=self.check))
        readers.append(threading.Thread(target=self.keep_house))
        for thread in writers + readers:
            thread.start()
        for thread in writers:
            thread.join()
        self.writing = False
        for thread in readers:
            thread.join()
        self.judge()
        print(f"round {self.number}: {WRITERS * 4} ingests beside {self.reads} reads "
              f"({self.whole_reads} of a lake with rows), {self.checks} checks and {self.chores} "
              f"checkpoints and vacuums, "
              f"{len(self.problems)} problems", flush=True)
        for problem in self.problems[:20]:
            print("FAILED:", problem)
        return not self.problems


def main():
    if not os.path.exists(PROGRAM):
        print(f"skipped: there is no {PROGRAM}")
        return 77
    rounds = 1
    for argument in sys.argv[1:]:
        if argument.startswith("--rounds="):
            rounds = int(argument.split("=")[1])
    with tempfile.TemporaryDirectory() as home:
        good = [Crowd(home, number).meet() for number in range(rounds)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
