#!/usr/bin/env python3
"""Holds `pointsman cluster matrix --output json` against the data. usage: check_matrix.py MATRIX_JSON DATA_YAML"""
import json
import re
import sys

COLUMNS = ["tunnel-ipvs", "vpc-ipvs", "tunnel-iptables", "vpc-iptables"]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cells = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        data = file.read()
    wanted = {}
    for row in re.findall(r"\{row: (\d+),(.*?)\}", data, re.S):
        for column, outcome in re.findall(r"([a-z]+-[a-z]+): (ok|fail)", row[1]):
            wanted[int(row[0]), column] = outcome
    faults = [cell for cell in cells if list(cell) != ["row", "column", "outcome", "reason"] or not cell["reason"]]
    met = {(cell["row"], cell["column"]): cell["outcome"] for cell in cells}
    faults += [key for key in wanted if met.get(key) != wanted[key]]
    faults += [row for row in range(1, 17) if met.get((row, "pointsman")) not in ("ok", "fail")]
    if faults or len(wanted) != 16 * len(COLUMNS):
        print(f"{len(wanted)} cells in the data; wrong: {faults}")
        return 1
    print(f"{len(cells)} cells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
