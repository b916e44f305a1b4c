"""Writes reports."""

import csv
import os


def write_report(name, rows):
    path = os.path.join("/tmp", f"report-{name}.csv")
    with open(path, "w", newline="") as target:
        csv.writer(target).writerows(rows)
    return path
