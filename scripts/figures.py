#!/usr/bin/env python3
"""Runs benches and prints their figures: name, value, unit, goal, ok or short. Groups:

card      clock cycles of 100,000 minimum-size packets of each kind through the simulated RTL, profile sim; the fill of
          tables of 131,072 rows (2 banks of 16 Ki buckets of 4) when a key first finds no place, the worst of 20 seeds;
          the share of an FPGA that profiles alveo-u250 and alveo-u55c take by yosys. Synthesis takes some minutes; its
          counts are kept in build/dev/synthesis and used again while the RTL is the same
sim       simulated clock cycles in a second of CPU time, with a packet in every clock: profiles sim and alveo-u55c
softpath  CPU time of a packet in the software pipeline: packets of 64 Ki, 1 Mi, 8 Mi known connections, of 1 Mi one by one,
          and 1 Mi first packets, to 1,000 Services and to 10,000; and on ports of af_packet, against DPDK's ports alone
control   CPU time from objects in memory to the plan, and from one changed endpoint to its row writes; the same by nft and
          iptables-legacy, with kube-proxy's rules, as ratios (root, and some minutes: --without-peers leaves them out);
          connections that break under changes of endpoints, of 1,000,000 in software; packets of a card's connection that
          are lost once it is noticed that its process was killed, and the longest time from then to the first by software
api       CPU time and memory from a TLS connection to the plan, 1,000 Services x 100 endpoints in a list; watch events
          that a second of CPU time takes in; time from the start of an agent to everything programmed, 5,000 Services x
          10 endpoints, and from a change at the API server to the row in the tables, at 100 changes a second. The tables
          are those of profile alveo-u55c, in a card that is memory
"""
import argparse
import json
import subprocess
import sys

from peer_figures import peer_figures
from resource_figures import resource_figures

GROUPS = ["card", "sim", "softpath", "control", "api"]
SOFTPATH_GOALS_NS = {"established_64k": 15, "established_1m": 30, "established_8m": 40, "first_1m": 120, "batch1_1m": 250}
FIRST_10K_OVER_1K_GOAL = 1.15


def run_bench(folder, program):
    """Its figures; what it says besides goes to standard error."""
    result = subprocess.run([f"{folder}/tests/bench/{program}"], check=True, capture_output=True)
    sys.stderr.buffer.write(result.stderr)
    return json.loads(result.stdout)


def card_figures(folder, groups):
    """Of the groups card and sim, in this order."""
    figures = run_bench(folder, "card_figures")
    if "card" in groups:
        yield from (figure for figure in figures if figure["group"] == "card")
        yield from resource_figures(folder)
    if "sim" in groups:
        yield from (figure for figure in figures if figure["group"] == "sim")
        yield from run_bench(folder, "full_card_figures")


def softpath_figures(folder):
    command = [f"{folder}/tests/bench/softpath_bench", "--benchmark_format=json", "--benchmark_repetitions=3",
               "--benchmark_report_aggregates_only=true", "--benchmark_filter=-ipv6_|mixed_"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    medians = {bench["run_name"].split("/")[0]: bench["ns_per_packet"] for bench in result["benchmarks"]
               if bench.get("aggregate_name") == "median"}
    for name, goal in SOFTPATH_GOALS_NS.items():
        value = round(medians[name], 1)
        yield {"group": "softpath", "name": f"ns_per_packet.{name}", "value": value, "unit": "ns", "goal": str(goal),
               "ok": value <= goal}
    ratio = round(medians["first_1m_10k"] / medians["first_1m"], 2)
    yield {"group": "softpath", "name": "first_10k_over_1k_services", "value": ratio, "unit": "times",
           "goal": str(FIRST_10K_OVER_1K_GOAL), "ok": ratio <= FIRST_10K_OVER_1K_GOAL}
    yield from run_bench(folder, "port_figures")


def control_figures(folder, with_peers):
    yield from run_bench(folder, "control_figures")
    yield from run_bench(folder, "failover_figures")
    if with_peers:
        yield from peer_figures(f"{folder}/tests/bench/control_figures")


def measure(folder, groups, with_peers):
    if {"card", "sim"} & set(groups):
        yield from card_figures(folder, groups)
    if "softpath" in groups:
        yield from softpath_figures(folder)
    if "control" in groups:
        yield from control_figures(folder, with_peers)
    if "api" in groups:
        yield from run_bench(folder, "api_figures")
        yield from run_bench(folder, "agent_figures")


def main():
    parser = argparse.ArgumentParser(usage="./figures [GROUP...] [--output json]", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help=argparse.SUPPRESS)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; none: all")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--without-peers", action="store_true", help="do not run nft and iptables")
    options = parser.parse_args()
    groups = options.groups or GROUPS
    for group in set(groups) - set(GROUPS):
        parser.error(f"there is no group {group}; there are {', '.join(GROUPS)}")
    figures = measure(options.folder, groups, not options.without_peers)
    if options.output == "json":
        print(json.dumps(list(figures), indent=2))
        return
    for figure in figures:
        print(f"{figure['group']:9} {figure['name']:34} {figure['value']:<12.6g} {figure['unit']:7} "
              f"goal {figure['goal']:6} {'ok' if figure['ok'] else 'short'}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        print(f"figures: {error.cmd[0]} failed: {error.stderr.decode().strip()}", file=sys.stderr)
        sys.exit(1)
