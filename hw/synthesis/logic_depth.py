#!/usr/bin/env python3
"""logic_depth.py NETLIST.json: cells and logic depth of a netlist made by yosys for UltraScale+.

Depth counts LUTs (memories read without a clock count as one) between registers; one more if the path starts in a
block or ultra RAM, one more if it ends anywhere but in a flip-flop's D input (enable, reset, memory). Carry chains and
their multiplexers are free, as their delay is small beside a level of LUTs. lut_ram counts the LUTs that are memories or
shift registers; memories that are counted instead of built (ram_1r1w_counted.sv) are counted by memory_blocks.py.
"""
import collections
import json
import re
import sys

from memory_blocks import blocks, shape_of

FREE = re.compile(r"CARRY|MUXF|INV|BUF|XORCY|MUXCY")
LUT = re.compile(r"LUT\d|RAM\d+[XM]|SRL")
BIG_MEMORY = re.compile(r"RAMB|URAM|counted_memory")
LUT_MEMORY = re.compile(r"RAM\d+[XM]|SRL")
FLIP_FLOP = re.compile(r"FD[RSCP]E")
CLOCKS = {"C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK", "clk"}
# How many LUTs a memory of LUTs takes; those not named here take one.
LUTS_OF = {"RAM32M": 4, "RAM32M16": 8, "RAM64M": 4, "RAM64M8": 8, "RAM64X1D": 2, "RAM32X1D": 2, "RAM128X1S": 2,
           "RAM128X1D": 4, "RAM256X1S": 4, "RAM256X1D": 8, "RAM512X1S": 8}
WORST_SHOWN = 8


def through(cell_type, pin):
    """Whether a change at this input pin shows at the cell's outputs within the clock."""
    if LUT_MEMORY.match(cell_type):
        return bool(re.match(r"A\d?$|A\[|DPRA|ADDR", pin))
    return bool(LUT.match(cell_type) or FREE.match(cell_type))


class Netlist:
    def __init__(self, module):
        self.cells = module["cells"]
        self.driver = {}
        self.names = {}
        for name, cell in self.cells.items():
            for pin, direction in cell["port_directions"].items():
                if direction == "output":
                    for bit in cell["connections"][pin]:
                        self.driver[bit] = name
        for name, net in module["netnames"].items():
            for place, bit in enumerate(net["bits"]):
                if isinstance(bit, int) and (bit not in self.names or not net.get("hide_name")):
                    self.names[bit] = f"{name}[{place}]"
        self.depth = {}  # of a combinational cell's output: levels, and the input bit they come from

    def inputs(self, name):
        cell = self.cells[name]
        for pin, direction in cell["port_directions"].items():
            if direction == "input" and pin not in CLOCKS:
                for bit in cell["connections"][pin]:
                    if isinstance(bit, int):
                        yield pin, bit

    def feeding(self, name):
        kind = self.cells[name]["type"]
        return [bit for pin, bit in self.inputs(name) if through(kind, pin)]

    def combinational(self, name):
        return name is not None and (LUT.match(self.cells[name]["type"]) or FREE.match(self.cells[name]["type"]))

    def arrival(self, bit):
        name = self.driver.get(bit)
        if name is None:
            return 0
        if self.combinational(name):
            return self.depth[name][0]
        return 1 if BIG_MEMORY.match(self.cells[name]["type"]) else 0

    def settle(self):
        """Depths of all combinational cells, inputs first, without recursion."""
        for root in self.cells:
            if not self.combinational(root) or root in self.depth:
                continue
            stack = [root]
            while stack:
                name = stack[-1]
                missing = [d for d in map(self.driver.get, self.feeding(name))
                           if self.combinational(d) and d not in self.depth]
                if missing:
                    if len(stack) > 10 * len(self.cells):
                        sys.exit(f"logic_depth: a loop of logic through {name}")
                    stack += missing
                    continue
                stack.pop()
                own = 1 if LUT.match(self.cells[name]["type"]) else 0
                bits = self.feeding(name)
                deepest = max(bits, key=self.arrival, default=None)
                self.depth[name] = (own + (self.arrival(deepest) if bits else 0), deepest)

    def ends(self):
        """(depth, cell, pin, bit) of every path's end."""
        for name, cell in self.cells.items():
            kind = cell["type"]
            for pin, bit in self.inputs(name):
                if not through(kind, pin):
                    extra = 0 if FLIP_FLOP.match(kind) and pin == "D" else 1
                    yield self.arrival(bit) + extra, name, pin, bit

    def start(self, bit):
        while self.combinational(self.driver.get(bit)) and self.depth[self.driver[bit]][1] is not None:
            bit = self.depth[self.driver[bit]][1]
        return self.names.get(bit, "?")


def end_name(netlist, cell, pin):
    outputs = netlist.cells[cell]["connections"].get("Q")
    return (netlist.names.get(outputs[0], cell) if outputs else cell) + "." + pin


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: logic_depth.py NETLIST.json")
    with open(sys.argv[1], encoding="utf-8") as file:
        modules = json.load(file)["modules"]
    module = next(m for m in modules.values() if int(m.get("attributes", {}).get("top", "0"), 2))
    netlist = Netlist(module)
    netlist.settle()
    kinds = collections.Counter(cell["type"] for cell in netlist.cells.values())

    def count(pattern):
        return sum(number for kind, number in kinds.items() if re.match(pattern, kind))

    counted = [blocks(*shape_of(cell)) for cell in netlist.cells.values() if cell["type"] == "counted_memory"]
    bram18 = 2 * count("RAMB36") + count("RAMB18") + sum(halves for halves, _ in counted)
    ends = list(netlist.ends())
    deepest = max((depth for depth, *_ in ends), default=0)
    print(f"lut {count('LUT')}")
    print(f"lut_ram {sum(n * LUTS_OF.get(kind, 1) for kind, n in kinds.items() if LUT_MEMORY.match(kind))}")
    print(f"ff {count('FD')}")
    print(f"bram36 {(bram18 + 1) // 2}")
    print(f"uram {count('URAM') + sum(uram for _, uram in counted)}")
    print(f"logic_depth {deepest}")
    print("paths_by_depth " + " ".join(f"{d}:{n}" for d, n in sorted(collections.Counter(e[0] for e in ends).items())))
    seen = collections.OrderedDict()
    for depth, cell, pin, bit in sorted(ends, key=lambda end: -end[0]):
        key = (re.sub(r"\[\d+\]$", "", netlist.start(bit)), re.sub(r"\[\d+\]", "", end_name(netlist, cell, pin)))
        if key not in seen:
            seen[key] = depth
        if len(seen) == WORST_SHOWN:
            break
    for (start, end), depth in seen.items():
        print(f"  {depth} levels: {start} -> {end}")


if __name__ == "__main__":
    main()
