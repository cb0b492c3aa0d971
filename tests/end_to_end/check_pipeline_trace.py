#!/usr/bin/env python3
"""Holds a pipeline trace against what the replay said and against the datapath's table of stages.

usage: check_pipeline_trace.py TRACE.json REPLAY.json DATAPATH.sv
"""
import collections
import json
import pathlib
import re
import sys


def stages_of(source):
    """(module, first clock, last clock), in the table's order."""
    rows = re.findall(r"// \| *(\d+)\.\.(\d+) *\| *(\w+) *\|", source)
    return [(module, int(first), int(last)) for first, last, module in rows]


def check_tracks(events, stages):
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    modules = {module for module, _, _ in stages}
    assert set(names.values()) == modules | {"commands"}, f"tracks: {sorted(set(names.values()))}"
    return names


def slices_by_packet(events, names):
    """Slices in stages, by packet number and stage; slices of one track must not overlap."""
    packets = collections.defaultdict(dict)
    free_from = collections.defaultdict(int)
    for event in events:
        if event["ph"] != "X":
            continue
        track = event["tid"]
        assert event["ts"] >= free_from[track], f"slices overlap: {event}"
        free_from[track] = event["ts"] + event["dur"]
        if names[track] != "commands":
            packet = packets[event["args"]["packet"]]
            assert names[track] not in packet, f"a second slice: {event}"
            packet[names[track]] = event
    return packets


def check_times(packets, stages, latency):
    assert stages[-1][2] == latency, f"the stages end at clock {stages[-1][2]}, packets take {latency}"
    last_entry = 0
    for number in sorted(packets):
        slices = packets[number]
        assert set(slices) == {module for module, _, _ in stages}, f"packet {number} is in {sorted(slices)}"
        entry = slices[stages[0][0]]["ts"]
        assert entry > last_entry, f"packet {number} does not enter after the one before"
        last_entry = entry
        for module, first, last in stages:
            times = (slices[module]["ts"] - entry + 1, slices[module]["ts"] + slices[module]["dur"] - entry)
            assert times == (first, last), f"packet {number} is in {module} in clocks {times}"


def fate(arguments):
    return arguments["verdict"] if arguments["reason"] == "none" else f"{arguments['verdict']} ({arguments['reason']})"


def check_rows(packets):
    for number, slices in packets.items():
        arguments = slices["connection_tables"]["args"]
        rows = {table.removesuffix("-ipv6") for table in arguments["rows"]}
        if arguments["verdict"] == "forward":
            assert {"endpoints", "next-hops"} <= rows and rows & {"originals", "replies"}, f"packet {number}: {rows}"
        if arguments.get("connection") == "recorded":
            assert {"frontends", "slots", "originals", "replies"} <= rows, f"packet {number}: {rows}"
        if arguments["reason"] == "reject":
            assert "frontends" in rows and "slots" not in rows, f"packet {number}: {rows}"


def main():
    trace, replay = (json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3])
    stages = stages_of(pathlib.Path(sys.argv[3]).read_text(encoding="utf-8"))
    events = trace["traceEvents"]
    names = check_tracks(events, stages)
    packets = slices_by_packet(events, names)
    assert len(packets) == trace["otherData"]["packets"] == replay["frames_in"], f"{len(packets)} packets"
    check_times(packets, stages, trace["otherData"]["latency-clocks"])
    fates = collections.Counter(fate(slices[stages[-1][0]]["args"]) for slices in packets.values())
    assert fates == replay["fates"], f"{dict(fates)} is not {replay['fates']}"
    check_rows(packets)
    commands = {event["name"] for event in events if event["ph"] == "X" and names[event["tid"]] == "commands"}
    assert {"write frontends", "write slots", "write endpoints"} <= commands, f"commands: {sorted(commands)}"
    assert any(event["ph"] == "C" and event["args"]["lines"] > 0 for event in events), "no punt ring"
    print(f"{len(packets)} packets in {len(stages)} stages")


if __name__ == "__main__":
    main()
