#!/usr/bin/env python3
"""Runs the examples of the manual: a page that shows a command must show what the command does.

In README.md and docs/**/*.md a block that begins with ```console holds lines `$ steelyard ...` and, below each, what it
prints on a terminal of 110 columns (standard output; remarks on the other one are left out). The blocks of one page run
in order in one new folder. A line `...` stands for any number of lines, `[...]` within a line for any text. A command
without output below it must only succeed; one that is meant to fail says so by `# exits with 1` at its end. What a page
needs first stands in comments, one command each: <!-- run: steelyard gen ... -->

  tests/docs/run.py [--update] [page.md ...]     --update writes what was printed into the pages instead of comparing
"""
import fcntl
import os
import pathlib
import pty
import re
import shlex
import shutil
import subprocess
import struct
import sys
import tempfile
import termios
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXIT = re.compile(r"\s+# exits with (\d+)$")
CLOCK = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")  # when a version was made
HIDDEN = re.compile(r"<!-- run: (.*) -->$")


def blocks(lines):
    """Yields (line of the command, command, first and last line of what it prints, whether that is given)."""
    i = 0
    while i < len(lines):
        hidden = HIDDEN.match(lines[i].strip())
        if hidden:
            yield i, hidden.group(1), i + 1, i + 1, False
        elif lines[i].strip().startswith("```console"):
            i += 1
            while i < len(lines) and lines[i].strip() != "```":
                if not lines[i].startswith("$ "):
                    i += 1
                    continue
                number, command = i, lines[i][2:]
                while command.endswith("\\"):
                    i += 1
                    command = command[:-1] + lines[i].strip()
                begin = end = i + 1
                while lines[end].strip() != "```" and not lines[end].startswith("$ "):
                    end += 1
                yield number, command, begin, end, any(line.strip() for line in lines[begin:end])
                i = end
        i += 1


def matches(expected, found):
    """Whether the lines agree, with `...` and `[...]` as wild cards."""
    if not expected:
        return not found
    if expected[0].strip() == "...":
        return any(matches(expected[1:], found[n:]) for n in range(len(found) + 1))
    if not found:
        return False
    pattern = ".*".join(re.escape(part) for part in expected[0].rstrip().split("[...]"))
    return re.fullmatch(pattern, found[0].rstrip()) is not None and matches(expected[1:], found[1:])


def on_terminal(command, folder, environment):
    """Runs it on a terminal of 110 columns; returns the exit code, what it printed, and its other output."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 110, 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST  # \n stays \n
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    printed = bytearray()

    def collect():
        try:
            while chunk := os.read(master, 65536):
                printed.extend(chunk)
        except OSError:  # the other side is closed
            pass

    reader = threading.Thread(target=collect)
    with tempfile.TemporaryFile() as err:
        process = subprocess.Popen(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=slave, stderr=err)
        os.close(slave)
        reader.start()
        process.wait(timeout=300)
        reader.join()
        os.close(master)
        err.seek(0)
        return process.returncode, printed.decode("utf-8", "replace"), err.read().decode("utf-8", "replace")


def run_page(page, steelyard, update):
    text = page.read_text(encoding="utf-8")
    lines = text.split("\n")
    failures = count = 0
    edits = []
    folder = tempfile.mkdtemp(prefix="steelyard-docs-")
    try:
        environment = {
            "PATH": str(pathlib.Path(steelyard).parent) + ":/usr/bin:/bin",
            "HOME": folder,
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "xterm",
            "NO_COLOR": "1",
        }
        for name in os.environ:
            if name.endswith("SAN_OPTIONS"):
                environment[name] = os.environ[name]
        for number, command, begin, end, given in blocks(lines):
            wanted = EXIT.search(command)
            code = int(wanted.group(1)) if wanted else 0
            command = EXIT.sub("", command)
            where = f"{page.relative_to(ROOT)}:{number + 1}"
            first = shlex.split(command, comments=True)[0]
            if first not in ("steelyard", "cd", "ls", "cat", "head", "cp", "mkdir", "printf", "awk", "git"):
                print(f"{where}: an example may not run {first}")
                failures += 1
                continue
            count += 1
            status, printed, remarks = on_terminal(command, folder, environment)
            found = printed.rstrip("\n").split("\n") if printed.rstrip("\n") else []
            if status != code:
                print(f"{where}: exit code {status}, expected {code}: {command}")
                print("\n".join("    " + line for line in found + remarks.splitlines()))
                failures += 1
            elif given and not matches(lines[begin:end], found):
                # A blank line before the next command is the page's, not the program's.
                shown = lines[begin:end]
                while shown and not shown[-1].strip():
                    shown = shown[:-1]
                if matches(shown, found):
                    continue
                if update:
                    edits.append((begin, begin + len(shown), [CLOCK.sub("[...]", line) for line in found]))
                    continue
                print(f"{where}: prints something else: {command}")
                print("\n".join("  - " + line for line in shown))
                print("\n".join("  + " + line for line in found))
                failures += 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for begin, end, found in reversed(edits):
        lines[begin:end] = found
    if edits:
        page.write_text("\n".join(lines), encoding="utf-8")
        print(f"{page.relative_to(ROOT)}: {len(edits)} outputs written")
    return count, failures


def main():
    words = sys.argv[1:]
    update = "--update" in words
    pages = [pathlib.Path(word).resolve() for word in words if not word.startswith("-")]
    if not pages:
        pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    steelyard = os.environ.get("STEELYARD", str(ROOT / "build/dev/bin/steelyard"))
    if not os.access(steelyard, os.X_OK):
        print(f"no program at {steelyard}; ./dev build makes it, or set STEELYARD")
        return 1
    count = failures = 0
    for page in pages:
        if page.exists():
            more, failed = run_page(page, steelyard, update)
            count += more
            failures += failed
    print(f"{count} examples run, {failures} failed")
    return 1 if failures or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
