#!/usr/bin/env python3
"""Golden tests: a file holds the input, the command line and the exact expected output, so that a reader can judge it.

    # why: one sentence
    needs focus/x.csv            skip the file unless this exists in the shared data ($DATA)
    env NAME=VALUE               for the runs below
    file bill.csv                the lines below, up to the next directive, are written to bill.csv
    run steelyard top bill.csv   a shell command; $DATA is the shared data
    ----
    expected standard output and standard error together
    exit 3                       when it is not 0

In the expected output, a line `...` stands for any number of lines, and `~ ` begins a regular expression for one line.
A line of content that would be read as a directive has `\\` in front. Trailing spaces and trailing empty lines do not
count.

    run.py [--update] [NAME...]    --update writes what the program says into the file; read the difference like code
"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
DIRECTIVE = re.compile(r"^(run|file|env|needs|exit) |^# why: ")


class Step:
    def __init__(self, kind, argument, line):
        self.kind, self.argument, self.line = kind, argument, line
        self.content, self.exit = [], 0
        self.begin = self.end = line


def trimmed(lines):
    lines = [line.rstrip() for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def parse(path):
    steps, lines = [], path.read_text(encoding="utf-8").split("\n")
    i = 0

    def content():
        nonlocal i
        out = []
        while i < len(lines) and not DIRECTIVE.match(lines[i]):
            out.append(lines[i][1:] if re.match(r"^\\(run |file |env |needs |exit |# why: )", lines[i]) else lines[i])
            i += 1
        return trimmed(out)

    while i < len(lines):
        line = lines[i]
        i += 1
        if not line or line.startswith("#"):
            continue
        kind, _, argument = line.partition(" ")
        step = Step(kind, argument, i)
        if kind == "file":
            step.content = content()
        elif kind == "run":
            if i >= len(lines) or lines[i] != "----":
                raise SystemExit(f"{path.name}:{i}: `run` needs `----` below it")
            i += 1
            step.begin = i
            step.content = content()
            if i < len(lines) and lines[i].startswith("exit "):
                step.exit = int(lines[i][5:])
                i += 1
            step.end = i
        elif kind not in ("env", "needs"):
            raise SystemExit(f"{path.name}:{i}: unknown directive `{kind}`")
        steps.append(step)
    return lines, steps


def matches(expected, actual):
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[k:]) for k in range(len(actual) + 1))
    if not actual:
        return False
    if expected[0].startswith("~ "):
        same = re.fullmatch(expected[0][2:], actual[0]) is not None
    else:
        same = expected[0] == actual[0]
    return same and matches(expected[1:], actual[1:])


def environment(folder, data):
    program = pathlib.Path(os.environ["STEELYARD"]).resolve().parent
    env = {"PATH": f"{program}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder / "home"),
           "LC_ALL": "C.UTF-8", "TERM": "dumb", "COLUMNS": "100", "DATA": str(data), "SOURCE": str(SOURCE)}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR"):
        if name in os.environ:
            env[name] = os.environ[name]
    return env


def run_file(path, update):
    """The faults found, or None when skipped."""
    lines, steps = parse(path)
    data = pathlib.Path(os.environ.get("STEELYARD_DATA", SOURCE.parent / "shared" / "data"))
    for step in steps:
        if step.kind == "needs" and not (data / step.argument).exists():
            return None
    faults, replacements = [], []
    with tempfile.TemporaryDirectory(prefix="steelyard-golden-") as name:
        root = pathlib.Path(name)
        folder = root / "work"
        folder.mkdir()
        (root / "home").mkdir()
        env = environment(root, data)
        for step in steps:
            if step.kind == "env":
                key, _, value = step.argument.partition("=")
                env[key] = value
            elif step.kind == "file":
                target = folder / step.argument
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("\n".join(step.content) + "\n", encoding="utf-8")
            elif step.kind == "run":
                done = subprocess.run(["bash", "-c", step.argument], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
                text = done.stdout.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
                for place, shown in ((folder.resolve(), "$DIR"), (folder, "$DIR"), (data, "$DATA")):
                    text = text.replace(str(place), shown)
                # Where a command takes longer than ten seconds (a sanitizer), it tells its progress in between.
                actual = trimmed([line for line in text.split("\n") if not line.startswith("progress task=")])
                if matches(step.content, actual) and done.returncode == step.exit:
                    continue
                if update:
                    shown = ["\\" + line if DIRECTIVE.match(line) else line for line in actual]
                    replacements.append((step, shown, done.returncode))
                    continue
                diff = list(difflib.unified_diff(step.content, actual, "expected", "actual", lineterm="", n=2))
                if done.returncode != step.exit:
                    diff.append(f"exit code {done.returncode}, expected {step.exit}")
                faults.append(f"{path.name}:{step.line}: {step.argument}\n  " + "\n  ".join(diff))
    for step, shown, code in reversed(replacements):
        block = shown + ([f"exit {code}"] if code else [])
        lines[step.begin:step.end] = block + [""]
    if replacements:
        path.write_text(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n", encoding="utf-8")
    return faults


def main():
    words = sys.argv[1:]
    update = "--update" in words
    names = [word for word in words if not word.startswith("-")]
    os.environ.setdefault("STEELYARD", str(SOURCE / "build" / "dev" / "bin" / "steelyard"))
    files = sorted(path for path in HERE.glob("*.test") if not names or path.stem in names)
    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, faults in zip(files, pool.map(lambda p: run_file(p, update), files)):
            if faults is None:
                skipped += 1
                print(f"{path.name}: skipped: no shared data")
            elif faults:
                failed += 1
                print("\n".join(faults))
    print(f"{len(files)} files, {failed} failed, {skipped} skipped")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
