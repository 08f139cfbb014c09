#!/usr/bin/env python3
"""Kills the real program at its n-th system call, or lets that call fail, for n = 1 to the end.

What was killed is started again; before that the lake must hold the old state or the new one, and
afterwards the new one: `check --full` passes and the content hashes are those of an undisturbed run.
The fast test takes a sample of the points, `--all` takes every one. Exits with 77 when strace may
not be used here.
"""
import collections
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from bills import write_bill

PROGRAM = os.environ.get("STEELYARD", "build/release/bin/steelyard")
# Every call that changes a disk; of those that open a file, the ones that may make or change it.
CALLS = ("open openat write pwrite64 writev pwritev rename renameat renameat2 link linkat fsync "
         "fdatasync unlink unlinkat rmdir ftruncate fallocate mkdir mkdirat").split()
OPENS_TO_WRITE = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC)")
# A sanitizer asks a pipe of its own whether memory is mapped, and stops when that fails. How often
# it asks changes from run to run, so that no write of the program has a number of its own there.
OWN_PIPE = re.compile(r"\d+ +write\((?![012]<)\d+<pipe:")
# Calls that another process can win, and fault by fault what is tried.
RACES = ("rename", "renameat", "renameat2", "link", "linkat")
FAULTS = {"signal=KILL": CALLS, "error=ENOSPC": CALLS, "error=EIO": CALLS, "error=EEXIST": RACES}
SAMPLE = 9  # points per action and fault in the fast test
# What a program says of itself when it has a bug; none of the faults here is one.
INTERNAL_ERROR = 8


class Failed(Exception):
    pass


def run(arguments, home, prefix=()):
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": home, "XDG_CACHE_HOME": home,
                   "LC_ALL": "C.UTF-8"}
    # The suppressions of the thread sanitizer. Leaks are looked for by tracing, which only one can
    # do; every other test looks for them.
    environment["TSAN_OPTIONS"] = os.environ.get("TSAN_OPTIONS", "")
    environment["ASAN_OPTIONS"] = "detect_leaks=0"
    return subprocess.run([*prefix, PROGRAM, *arguments], env=environment, cwd=home, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)


def strace(expression, output):
    # Without --seccomp-bpf, under which version 6.1 delivers no signal.
    return ["strace", "-f", "-qq", "-o", output, *expression]


def may_trace():
    """Why strace cannot be used here, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as home:
        tried = subprocess.run(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdir",
             "-e", "inject=mkdir:error=ENOSPC:when=1", "mkdir", os.path.join(home, "x")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if tried.returncode == 0 or os.path.exists(os.path.join(home, "x")):
            return "tracing is not allowed"
    return None


def log_of(lake):
    """The committed versions of the charges."""
    folder = os.path.join(lake, "charges", "_delta_log")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [name for name in names if name.endswith(".json")]


def state(lake, home, complete=False):
    """The content hash of each delivery that is in force; fails unless `check --full` is content."""
    checked = run(["check", "--full", f"--lake={lake}", "-o", "json"], home)
    if "SY1608" in checked.stdout + checked.stderr and not log_of(lake):
        return []  # nothing was ever committed
    if checked.returncode != 0:
        raise Failed(f"check ends with {checked.returncode}\n{checked.stdout}{checked.stderr}")
    report = json.loads(checked.stdout)
    rows = report["rows"]
    if complete and any("interrupted" in note for note in report["notes"]):
        raise Failed(f"what was derived was not completed: {report['notes']}")
    return sorted((row["table"], row["subject"], row["found"])
                  for row in rows if row["check"] == "content")


class Action:
    """One command, what it starts from, and what it must end in."""

    def __init__(self, name, arguments, before, home, is_done=lambda lake: True):
        self.name, self.home, self.is_done = name, home, is_done
        self.arguments = arguments
        self.before = before
        self.old = state(before, home) if before else []
        self.made = self.count()

    def fresh(self, folder):
        lake = os.path.join(folder, "lake")
        if self.before:
            shutil.copytree(self.before, lake, copy_function=shutil.copy2)
        return lake

    def command(self, lake):
        return [*self.arguments, f"--lake={lake}"]

    def count(self):
        """Runs undisturbed; sets the new state and returns each call made, with its number."""
        with tempfile.TemporaryDirectory(dir=self.home) as folder:
            lake, log = self.fresh(folder), os.path.join(folder, "strace.log")
            done = run(self.command(lake), folder, strace(["-y", "-e", "trace=" + ",".join(CALLS)], log))
            if done.returncode != 0:
                raise Failed(f"{self.name} does not even run: {done.stderr}")
            self.new = state(lake, folder, complete=True)
            made, points, sanitized = collections.Counter(), set(), False
            with open(log) as lines:
                for line in lines:
                    if not (called := re.match(r"(\d+) +(\w+)\(", line)):
                        continue
                    made[called.groups()] += 1  # strace counts the calls of each thread for itself
                    call = called[2]
                    sanitized = sanitized or bool(OWN_PIPE.match(line))
                    if not call.startswith("open") or OPENS_TO_WRITE.search(line):
                        points.add((call, made[called.groups()]))
        return {point for point in points if not sanitized or point[0] != "write"}

    def is_whole(self, found):
        """Each source and month is old or new; every delivery is a version of its own."""
        def months(deliveries):
            return {tuple(subject.split(" ")[:2]): (table, subject, content)
                    for table, subject, content in deliveries}
        old, new, now = months(self.old), months(self.new), months(found)
        return (len(now) == len(found) and set(old) <= set(now) <= set(old) | set(new) and
                all(now[month] in (old.get(month), new.get(month)) for month in now))

    def points(self, fault):
        return sorted(point for point in self.made if point[0] in FAULTS[fault])

    def disturb(self, fault, call, n):
        """Runs with one fault; returns whether old or new was found."""
        with tempfile.TemporaryDirectory(dir=self.home) as folder:
            lake = self.fresh(folder)
            hurt = run(self.command(lake), folder,
                       strace(["-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={n}"],
                              "/dev/null"))
            if fault.startswith("signal") and hurt.returncode == 0:
                raise Failed("was not killed")
            if fault.startswith("error") and (hurt.returncode < 0 or
                                              hurt.returncode >= INTERNAL_ERROR):
                raise Failed(f"ends with {hurt.returncode} instead of an error\n{hurt.stderr}")
            # The write that fails may be the very one that would tell of it, which the exit code says too.
            told = "SY" in hurt.stderr or call == "write"
            if hurt.returncode > 0 and fault.startswith("error") and not told:
                raise Failed(f"ends with {hurt.returncode} and no error code\n{hurt.stderr}")
            found = state(lake, folder)
            if not self.is_whole(found):
                raise Failed(f"neither old nor new:\n{found}\nold {self.old}\nnew {self.new}")
            if hurt.returncode == 0 and (found != self.new or not self.is_done(lake)):
                raise Failed("said that it was done, and it was not")
            again = run(self.command(lake), folder)
            if again.returncode != 0:
                raise Failed(f"running it again ends with {again.returncode}\n{again.stderr}")
            if state(lake, folder, complete=True) != self.new or not self.is_done(lake):
                raise Failed("running it again does not complete it")
            return "new" if found == self.new else "old"


def actions(home):
    june, june_again, july = (os.path.join(home, name) for name in ("a.csv", "b.csv", "c.csv"))
    write_bill(june, "2026-06", 200, 1)
    write_bill(june_again, "2026-06", 220, 2)
    write_bill(july, "2026-07", 210, 3)

    def lake_of(name, *bills):
        lake = os.path.join(home, name)
        for bill in bills:
            done = run(["ingest", bill, f"--lake={lake}", "--threads=1"], home)
            if done.returncode != 0:
                raise Failed(done.stderr)
        return lake

    one, two = lake_of("one", june), lake_of("two", june, june_again)
    left = os.path.join(two, "_staging", "left-by-a-crash")
    os.makedirs(left)
    with open(os.path.join(left, "part.parquet"), "w") as part:
        part.write("half")
    for path in (os.path.join(left, "part.parquet"), left):
        os.utime(path, (time.time() - 3 * 86400,) * 2)
    would = run(["vacuum", "--keep=0d", "--dry-run", f"--lake={two}"], home)
    if would.returncode != 0 or "charges/" not in would.stdout:
        raise Failed(f"vacuum would do nothing, so it is no test\n{would.stdout}{would.stderr}")

    ingest = ["ingest", "--threads=1"]  # so that the n-th call is the same call in every run
    yield Action("the first ingest", [*ingest, june], None, home)
    yield Action("an ingest that replaces", [*ingest, june_again], one, home)
    yield Action("an ingest of two months", [*ingest, june_again, july], one, home)
    def is_vacuumed(lake):
        parts = [name for _, _, names in os.walk(os.path.join(lake, "charges"))
                 for name in names if name.endswith(".parquet") and "checkpoint" not in name]
        left = os.path.join(lake, "_staging", "left-by-a-crash")
        if len(parts) != 1:
            return False
        if os.path.exists(left):
            # What was emptied and not removed looks like a running ingest's until it is a day old.
            if os.listdir(left):
                return False
            os.utime(left, (time.time() - 3 * 86400,) * 2)
            if run(["vacuum", "--keep=0d", f"--lake={lake}"], home).returncode != 0:
                return False
        return not os.path.exists(left)

    def is_checkpointed(lake):
        return os.path.exists(os.path.join(lake, "charges", "_delta_log", "_last_checkpoint"))

    if is_vacuumed(two) or is_checkpointed(two):
        raise Failed("there is nothing to be done, so it is no test")
    yield Action("a vacuum", ["vacuum", "--keep=0d"], two, home, is_vacuumed)
    yield Action("a checkpoint", ["checkpoint", "--threads=1"], two, home, is_checkpointed)


def sample(points, most):
    if len(points) <= most:
        return points
    return [points[i * (len(points) - 1) // (most - 1)] for i in range(most)]


def main():
    everything = "--all" in sys.argv[1:]
    if not os.path.exists(PROGRAM):
        print(f"skipped: there is no {PROGRAM}")
        return 77
    if reason := may_trace():
        print(f"skipped: {reason}")
        return 77
    failures, points_all, seen = 0, 0, collections.Counter()
    with tempfile.TemporaryDirectory() as home, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for action in actions(home):
            for fault in FAULTS:
                points = action.points(fault)
                chosen = points if everything else sample(points, SAMPLE)
                results = {pool.submit(action.disturb, fault, *point): point for point in chosen}
                found = collections.Counter()
                for future in concurrent.futures.as_completed(results):
                    call, n = results[future]
                    try:
                        found[future.result()] += 1
                    except (Failed, subprocess.TimeoutExpired) as problem:
                        failures += 1
                        print(f"FAILED: {action.name}, {fault} at {call} number {n}: {problem}")
                print(f"{action.name}, {fault}: {len(chosen)} of {len(points)} points, "
                      f"{found['old']} left the old state, {found['new']} the new one", flush=True)
                points_all += len(chosen)
                seen.update(found)
    print(f"{points_all} points, {failures} failed")
    if seen["old"] == 0 or seen["new"] == 0:
        print("FAILED: the faults never struck before or never after the commit")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
