"""Writes reports."""

import csv
import os


def write_report(folder, name, rows):
    path = os.path.join(folder, f"report-{name}.csv")
    with open(path, "w", newline="") as target:
        csv.writer(target).writerows(rows)
    return path
