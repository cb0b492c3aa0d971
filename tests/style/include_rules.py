#!/usr/bin/env python3
"""Holds the include rule of docs/architecture.md: which folder may include which.

usage: include_rules.py SOURCE_FOLDER
"""
import pathlib
import re
import sys

# Longest folder first. A folder may always include itself.
MAY_INCLUDE = {
    "hw/generator": {"hw"},
    "flow_tables": {"hw"},
    "driver": {"hw", "flow_tables"},
    "sim/card": {"hw", "flow_tables", "driver"},
    "host/kube": set(),
    "host/apiserver": {"host/kube"},
    "host/dns": {"host/kube"},
    "host/services": {"hw", "flow_tables", "host/kube"},
    "host": {"hw", "flow_tables", "driver"},
    "host/cli": {"hw", "flow_tables", "driver", "host", "sim/cluster"},
    "sim/cluster": {"hw", "flow_tables", "driver", "host"},
    "tests": {"hw", "flow_tables", "driver", "sim/card", "sim/cluster", "host"},
}
# Pure folders do no I/O, read no clock, write no log, start no thread.
PURE = ("flow_tables", "host/services")
IMPURE_HEADERS = {"chrono", "thread", "mutex", "fstream", "iostream", "cstdio", "ctime", "filesystem", "unistd.h",
                  "sys/socket.h", "sys/time.h", "time.h", "spdlog/spdlog.h", "random_device"}
XRT_FOLDERS = ("driver/xrt", "sim/card", "tests/sim")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def folder_of(path):
    fitting = [folder for folder in MAY_INCLUDE if path == folder or path.startswith(folder + "/")]
    return max(fitting, key=len, default=None)


def faults_of(path, text):
    own = folder_of(path)
    for quote, name in INCLUDE.findall(text):
        if quote == '"':
            target = folder_of(name) or ("hw" if name.startswith("hw/") else None)
            if target and target != own and not any(
                    target == allowed or target.startswith(allowed + "/") for allowed in MAY_INCLUDE[own] | {own}):
                yield f"{path}: {own} may not include {name}"
        elif own in PURE and name in IMPURE_HEADERS:
            yield f"{path}: {own} is pure and may not include <{name}>"
        if name.startswith(("xrt/", "experimental/xrt", "xrt.h")) and not path.startswith(XRT_FOLDERS):
            yield f"{path}: only {XRT_FOLDERS[0]} talks to XRT, {name} does not belong here"


def main():
    root = pathlib.Path(sys.argv[1])
    files = [file for folder in ("hw", "flow_tables", "driver", "sim", "host", "tests")
             for pattern in ("*.h", "*.cc") for file in (root / folder).rglob(pattern)]
    faults = [fault for file in sorted(files)
              for fault in faults_of(str(file.relative_to(root)), file.read_text(encoding="utf-8"))]
    print("\n".join(faults) if faults else f"{len(files)} files keep the include rule")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
