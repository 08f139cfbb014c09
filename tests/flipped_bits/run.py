#!/usr/bin/env python3
"""Flips bits in the files of a lake: no command shows a figure that rests on a damaged file.

Each data file, log entry and checkpoint gets a flipped bit at a random place, with its times put
back. A command must then stop with the error that names the damage, or, where its answer does not
rest on that file, answer byte for byte as before. The first run fills the cache of verified files,
so the flip is behind a file that is already known to be good. The fast test flips one bit in a few files,
`--all` several hundred.
"""
import os
import random
import re
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("STEELYARD", "build/release/bin/steelyard")
DAMAGE = {"SY1304", "SY1308", "SY1310"}

# These read all files of all versions of the charges and of the newest invoices.
ALWAYS = [["diff", "--versions=0,3"], ["top", "--as-of=1"], ["top", "--as-of=2"], ["reconcile"]]


class Failed(Exception):
    pass


def run(arguments, home):
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "XDG_CACHE_HOME": home,
                   "LC_ALL": "C.UTF-8"}
    environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
    done = subprocess.run([PROGRAM, *arguments], env=environment, cwd=home, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    return done.returncode, done.stdout, done.stderr


def make_lake(home):
    """Two months, each delivered twice, with invoices, commitments and billing periods."""
    for command in (["gen", "--rows=1000", "--months=2", "--deliveries=2", "--out=bills",
                     "--formats=focus-1.4-csv"], ["ingest", "bills"], ["checkpoint"]):
        code, _, error = run([*command, "-q"], home)
        if code != 0:
            raise Failed(f"{command}: {error}")


def lake_files(home):
    found = []
    for folder, _, names in os.walk(os.path.join(home, "lake")):
        found += [os.path.join(folder, name) for name in names]
    return sorted(found)


def questions(home):
    _, out, error = run(["top", "-o", "json"], home)
    figure = re.search(r'"figure": "(\w+)"', out)
    if not figure:
        raise Failed(f"no figure: {out}{error}")
    _, out, _ = run(["diff", "--versions=0,3", "-o", "json"], home)
    versions = re.search(r'"figure": "(\w+)"', out)
    return [["top", "--by=service,account"],
            ["top", "--billing-period=2026-06", "--compare"],
            ["diff", "2026-05", "2026-06"],
            *ALWAYS,
            ["explain", figure.group(1) + ":1"],
            ["explain", versions.group(1) + ":1"],
            ["report"],
            ["sql", "SELECT sum(BilledCost) FROM charges"],
            ["sql", "SELECT count(*) FROM invoices"],
            ["sql", "SELECT * FROM billing_periods ORDER BY ALL"],
            ["export", "--to=out.csv"],
            ["status", "--today=2026-09-01"]]


def answer(question, home):
    """What a question shows, with the file that an export writes."""
    out = os.path.join(home, "out.csv")
    if os.path.exists(out):
        os.unlink(out)
    code, shown, error = run([*question, *([] if question[0] == "export" else ["-o", "json"])],
                             home)
    if os.path.exists(out):
        with open(out, encoding="utf-8") as file:
            shown += file.read()
    return code, shown, error


def must_stop(path):
    """Whether some question rests on this file: on all of the charges, and on the
    log of the invoices. A checkpoint is for other engines; Steelyard reads none."""
    return ("/charges/" in path or "/invoices/_delta_log" in path) and "checkpoint" not in path


def main():
    every = "--all" in sys.argv
    seed = int(os.environ.get("STEELYARD_SEED", "0")) or random.randrange(1, 1 << 30)
    chance = random.Random(seed)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="sy_flips_") as home:
        make_lake(home)
        asked = questions(home)
        before = [answer(question, home) for question in asked]
        for question, (code, _, error) in zip(asked, before):
            if code not in (0, 1):
                raise Failed(f"{question}: {error}")
        found = shown = 0
        files = lake_files(home)
        if not every:
            files = chance.sample(files, 8)
        for path in files:
            with open(path, "rb") as file:
                good = file.read()
            times = os.stat(path)
            stopped = set()
            for _ in range(20 if every else 1):
                place, bit = chance.randrange(len(good)), chance.randrange(8)
                bad = bytearray(good)
                bad[place] ^= 1 << bit
                with open(path, "r+b") as file:
                    file.write(bad)
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
                some = {i for i, question in enumerate(asked) if every or question in ALWAYS}
                some |= set(chance.sample(range(len(asked)), 2))
                for i in sorted(some):
                    code, text, error = answer(asked[i], home)
                    where = f"bit {bit} of byte {place} of {path} (seed {seed})"
                    if code in (0, 1):
                        shown += 1
                        if (code, text) != before[i][:2]:
                            raise Failed(f"{asked[i]} shows another figure after {where}:\n{text}")
                        continue
                    codes = set(re.findall(r"SY\d{4}", error))
                    if not codes & DAMAGE:
                        raise Failed(f"{asked[i]} does not name the damage, {where}:\n{error}")
                    if "_delta_log" not in path and os.path.basename(path) not in error:
                        raise Failed(f"{asked[i]} does not name the file, {where}:\n{error}")
                    found += 1
                    stopped.add(i)
            if must_stop(path) and not stopped:
                raise Failed(f"no command noticed a flip in {path} (seed {seed})")
            with open(path, "r+b") as file:
                file.write(good)
        print(f"{len(files)} files; {found} answers stopped, {shown} did not rest on the damage")
        if found == 0:
            raise Failed("no damage was found at all")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
