"""Converts pictures with a program of its own."""

import subprocess
import sys


def convert(picture):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.2)", picture])
