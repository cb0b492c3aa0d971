#!/usr/bin/env python3
"""Turns CTest's JUnit file into what ./check prints.

usage: summarize_tests.py JUNIT.xml LOG

Prints what failed with its output, what was skipped with its reason, what tests note (lines that begin with "note:"), and
what synthesis counted. Writes the output of every test to LOG. The last line, printed and in LOG, counts single cases where a
program says how many it ran, programs where it does not. Exit code 1 if anything failed or nothing ran.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

PASSED = re.compile(r"^\[  PASSED  \] (\d+) test|^(\d+) passed, \d+ failed", re.M)
FAILED = re.compile(r"^ ?(\d+) FAILED TEST|^\d+ passed, (\d+) failed", re.M)
SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) test", re.M)
SHOWN = re.compile(r"^(?:note: .*|(?:lut|lut_ram|ff|bram36|uram|logic_depth) \d+)$", re.M)


def total(pattern, text):
    return sum(int(next(filter(None, groups if isinstance(groups, tuple) else (groups,)), 0))
               for groups in pattern.findall(text))


def main():
    junit, log_name = sys.argv[1:]
    passed = failed = skipped = 0
    with open(log_name, "w", encoding="utf-8") as log:
        for case in ElementTree.parse(junit).getroot().iter("testcase"):
            name, output = case.get("name"), case.findtext("system-out") or ""
            log.write(f"==== {name} ({case.get('status')})\n{output}\n")
            for line in SHOWN.findall(output):
                print(f"  {name}: {line}")
            skips = total(SKIPPED, output)
            not_run = case.get("status") in ("notrun", "disabled")
            skipped += skips + not_run
            if skips or not_run:
                reasons = [line for line in output.splitlines() if "skipp" in line.lower()][:3]
                print(f"  {name}: skipped: " + ("; ".join(reasons) or "not run"))
            if case.get("status") == "run":
                passed += max(total(PASSED, output), 1)
            elif case.get("status") == "fail":
                failed += max(total(FAILED, output), 1)
                passed += total(PASSED, output)
                print(f"\n---- {name} failed:\n" + "\n".join(output.splitlines()[-60:]))
        summary = f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
        log.write(summary + "\n")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
