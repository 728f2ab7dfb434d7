"""Numbers as Python writes them, to check src/core/pythonFormat.ts against: python make_formats.py formats.json

Every value with every format, and str() of it; whole numbers are Python's ints. repr() gives every float back.
"""
import json
import random
import sys

random.seed(3)
FLOATS = [0.0, -0.0, 0.5, 1.5, 2.5, 0.125, 0.375, 0.15, 0.25, 1e-4, 1e-5, 9.9999e-5, 1e15, 1e16, 1.5e16, 1e21, 3e22, 0.1]
FLOATS += [0.6931471805599453, 12.0, 99.9995, 0.99995, 2.675, 1.0005, -3.25, -0.0004, 5e-324, 1.7976931348623157e308]
FLOATS += [float("nan"), float("inf"), float("-inf")]
FLOATS += [random.uniform(-2, 2) * 10 ** random.randint(-9, 18) for _ in range(60)]
FLOATS += [random.randint(-4000, 4000) / 2 ** random.randint(1, 9) for _ in range(60)]
INTS = [0, 1, 7, 12, 100, 123456, -5]
FLOAT_SPECS = ["", ".0f", ".1f", ".2f", ".3f", "f", "08.3f", "9.2f", ".2e", "e", ".0e", "012.3e", ".1%", "%"]
INT_SPECS = ["", "d", "02d", "04d", "5d", ".2f"]


def cases(values, specs):
    return [[spec, [format(value, spec) for value in values]] for spec in specs]


golden = {
    "python": sys.version.split()[0],
    "values": [repr(value) for value in FLOATS],
    "float": cases(FLOATS, FLOAT_SPECS),
    "ints": INTS,
    "int": cases(INTS, INT_SPECS),
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
