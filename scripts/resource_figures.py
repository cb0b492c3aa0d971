"""What the card takes of an FPGA (hw/synthesis): figures of both cards' profiles, kept in the build folder.

Synthesis takes minutes, so its counts are used again while the RTL, the generated package and the counting are the same.
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SYNTHESIS = ROOT / "hw/synthesis"
COUNTING = ["synthesize", "ram_1r1w_counted.sv", "logic_depth.py", "memory_blocks.py"]
PERCENT_MAX = {"lut": 67, "ff": 100, "bram": 100, "uram": 100}
LOGIC_DEPTH_MAX = 5


def inputs_hash(generated, profile):
    files = [ROOT / line for line in (ROOT / "hw/rtl/files.f").read_text().split()]
    files += [SYNTHESIS / name for name in COUNTING]
    files += [generated / profile / "card_pkg.sv", generated / profile / "card_rom.hex"]
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def synthesize(generated, profile):
    """The counts that hw/synthesis/synthesize prints, by name. Says on stderr how long it takes."""
    started = time.monotonic()
    print(f"figures: synthesizing profile {profile}, some minutes; the result is kept", file=sys.stderr)
    command = [SYNTHESIS / "synthesize", "--count-memories", generated, profile]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while True:
            try:
                output, errors = process.communicate(timeout=60)
                break
            except subprocess.TimeoutExpired:
                print(f"figures: {profile}: {(time.monotonic() - started) / 60:.0f} min", file=sys.stderr)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, [str(command[0])], output, errors)
    rows = (line.split() for line in output.decode().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def counts_of(build, profile):
    generated, kept = build / "generated/hw", build / f"synthesis/{profile}.json"
    inputs = inputs_hash(generated, profile)
    if kept.exists():
        result = json.loads(kept.read_text())
        if result["inputs"] == inputs:
            return result["counts"]
    counts = synthesize(generated, profile)
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps({"inputs": inputs, "counts": counts}, indent=2))
    return counts


def figure(name, value, unit, most):
    return {"group": "card", "name": name, "value": value, "unit": unit, "goal": str(most), "ok": value <= most}


def resource_figures(build):
    depth = 0
    for profile, part in json.loads((SYNTHESIS / "parts.json").read_text()).items():
        counts = counts_of(pathlib.Path(build), profile)
        taken = {"lut": (counts["lut"] + counts["lut_ram"]) / part["lut"], "ff": counts["ff"] / part["ff"],
                 "bram": counts["bram36"] / part["bram36"], "uram": counts["uram"] / part["uram"]}
        for name, share in taken.items():
            yield figure(f"{profile.removeprefix('alveo-')}.{name}_percent", round(100 * share, 1), "%",
                         PERCENT_MAX[name])
        depth = max(depth, counts["logic_depth"])
    yield figure("logic_depth", depth, "levels", LOGIC_DEPTH_MAX)
