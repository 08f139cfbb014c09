#!/usr/bin/env python3
"""Every point of tests/crash_kill instead of a sample."""
import os
import sys

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash_kill", "run.py")
os.execv(sys.executable, [sys.executable, script, "--all"])
