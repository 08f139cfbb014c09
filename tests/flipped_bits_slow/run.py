#!/usr/bin/env python3
"""Hundreds of bits instead of one a file."""
import os
import sys

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flipped_bits", "run.py")
os.execv(sys.executable, [sys.executable, script, "--all"])
