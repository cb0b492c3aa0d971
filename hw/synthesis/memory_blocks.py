"""How many blocks of UltraScale+ a memory with one write and one read port takes.

The rule is that of AMD's memory guide (UG573) for simple dual-port memories: an ultra RAM is 4096 x 72 and nothing
else; a block RAM has one of the shapes below, the same for all of a memory, the one that takes the fewest halves. Blocks
behind each other in depth are cascaded inside their column, without LUTs (a long cascade wants more clocks than
ram_1r1w has; that is not seen here).

yosys does the same with one difference: it puts several narrow rows into one word of an ultra RAM, in lanes of 9 bits
that are written apart, and chooses among them with LUTs behind it. That is fewer blocks and more levels of logic, and
Vivado is not known to do it, so it is not counted. memory_blocks_test holds both rules against yosys.
"""
URAM_SHAPE = (4096, 72)
URAM_LANES, LANE_BITS = 8, 9
BRAM18_SHAPES = [(512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1)]
BRAM36_SHAPES = [(512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1)]


def tiles(width, depth, shape):
    rows, bits = shape
    return -(-width // bits) * -(-depth // rows)


def bram18(width, depth):
    return min([tiles(width, depth, shape) for shape in BRAM18_SHAPES]
               + [2 * tiles(width, depth, shape) for shape in BRAM36_SHAPES])


def blocks(width, depth, style):
    """(halves of block RAMs, ultra RAMs); style is "block" or "ultra"."""
    if style == "ultra":
        return 0, tiles(width, depth, URAM_SHAPE)
    return bram18(width, depth), 0


def blocks_in_lanes(width, depth, style):
    """The same as yosys has it."""
    if style == "ultra":
        return 0, -(-tiles(width, depth, (URAM_SHAPE[0], LANE_BITS)) // URAM_LANES)
    return blocks(width, depth, style)


def shape_of(cell):
    """Width, depth and style of a cell counted_memory in a netlist (ram_1r1w_counted.sv)."""
    parameters = cell["parameters"]
    return int(parameters["WIDTH"], 2), 1 << int(parameters["DEPTH_LOG2"], 2), parameters["RAM_STYLE"].strip()
