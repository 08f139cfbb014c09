#!/usr/bin/env python3
"""Every command, flag, setting, topic and error code stands in the manual and in a test; every SY code in the sources
is registered.

The manual is made of the program's tables, so what it lists is what there is."""
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("STEELYARD", str(SOURCE / "build" / "dev" / "bin" / "steelyard"))

# Codes that no test can bring about without breaking the machine it runs on, each with the reason.
UNTESTED = {
    "SY1241": "a mistake of ours: no mapping makes such a column",
    "SY1245": "not reached by a test yet",
    "SY1246": "needs another program that writes in the same moment; not reached by a test yet",
    "SY1247": "a mistake of ours: reader and mapping agree",
    "SY1248": "a mistake of ours: no mapping loses money",
    "SY1305": "needs as many lost races as there are attempts; not reached by a test yet",
    "SY1401": "needs a DuckDB that does not start",
    "SY1402": "nothing interrupts a query yet but the end of the program",
    "SY1405": "needs a DuckDB of another version",
    "SY1531": "a mistake of ours: the parts sum to the difference",
}


def steelyard(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True).stdout


def texts(pattern, *folders):
    paths = [path for folder in folders for path in sorted((SOURCE / folder).rglob(pattern))]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)


def main():
    commands, errors = steelyard("help", "commands", "--markdown"), steelyard("help", "errors", "--markdown")
    golden = texts("*.test", "tests/golden")
    runs = "\n".join(line for line in golden.split("\n") if line.startswith("run "))
    tests = golden + "".join(texts(kind, "tests") for kind in ("*.cc", "*.h"))
    docs = texts("*.md", "docs")
    faults = []
    names = re.findall(r"^## ([a-z]+)$", commands, re.M)
    for name in names:
        if not re.search(rf"steelyard {name}\b", runs):
            faults.append(f"command `{name}` is in no golden test")
    for flag in sorted(set(re.findall(r"`(?:-\w, )?(--[a-z-]+)", commands))):
        if not re.search(rf"{flag}\b(?!-)", runs):
            faults.append(f"flag `{flag}` is in no golden test")
        if flag not in docs:
            faults.append(f"flag `{flag}` is not in the manual")
    settings = re.findall(r"^ +([a-z-]+) +(STEELYARD_[A-Z_]+)$", steelyard("help", "settings"), re.M)
    for key, variable in settings:
        if f"--{key}" not in commands:
            faults.append(f"setting `{key}` is no flag")
        if not re.search(rf"^{key} = ", golden, re.M) and variable not in runs:
            faults.append(f"setting `{key}` is in no golden test")
    topics = re.findall(r"^  ([a-z-]+)  ", steelyard("help").split("Topics")[1], re.M)
    for topic in topics:
        if not re.search(rf"steelyard help {topic}\b", runs):
            faults.append(f"topic `{topic}` is in no golden test")
    codes = re.findall(r"^\| (SY\d{4}) \|", errors, re.M)
    for code in codes:
        if code not in tests and code not in UNTESTED:
            faults.append(f"error code {code} is in no test")
        if code in UNTESTED and code in tests:
            faults.append(f"error code {code} is in a test: take it out of UNTESTED")
        if code not in docs:
            faults.append(f"error code {code} is not in the manual")
    code_files = [path for kind in ("*.cc", "*.inc", "*.h") for path in (SOURCE / "src").rglob(kind)
                  if path.name != "error_codes.h" and path.name != "errors.cc"]
    source = "\n".join(re.sub(r"//.*", "", path.read_text(encoding="utf-8")) for path in code_files)
    used = re.findall(r'"(SY\d{4})"', source)
    for code in sorted(set(used) - set(codes)):
        faults.append(f"error code {code} is used but not registered")
    for code in sorted(set(codes) - set(used) - {"SY0001"}):
        faults.append(f"error code {code} is registered but not used")
    for form in ("table", "plain", "json", "jsonl", "csv", "md", "parquet", "svg"):
        if not re.search(rf"(-o|--output)[ =]{form}\b", golden):
            faults.append(f"output form {form} is in no golden test")
    well = f"{len(names)} commands and {len(codes)} error codes, all in the manual and in a test"
    print("\n".join(faults) if faults else well)
    return 1 if faults or not (names and codes and settings and topics) else 0


if __name__ == "__main__":
    sys.exit(main())
