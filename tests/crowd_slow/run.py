#!/usr/bin/env python3
"""Ten rounds of tests/crowd."""
import os
import sys

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crowd", "run.py")
os.execv(sys.executable, [sys.executable, script, "--rounds=10"])
