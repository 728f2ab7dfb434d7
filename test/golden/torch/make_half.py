"""Float32 numbers as float16 by NumPy and as bfloat16 by PyTorch, bit by bit.

    python make_half.py half.json
"""
import json
import sys

import numpy as np
import torch

random = np.random.RandomState(5)
bits = random.randint(0, 2**32, 200, dtype=np.uint64).astype(np.uint32)
random_numbers = bits.view(np.float32)
# Where float16 is normal, subnormal, and about to be 0; halves between neighbours; the largest.
scales = (random.standard_normal(200) * 2.0 ** random.uniform(-26, 16, 200)).astype(np.float32)
neighbours = np.arange(0, 0x7BFF, 613, dtype=np.uint16).view(np.float16).astype(np.float32)
above = np.arange(1, 0x7C00, 613, dtype=np.uint16).view(np.float16).astype(np.float32)
edges = np.array([0, -0.0, 2.0**-25, -(2.0**-25), 2.0**-24, 65504, 65519, -65504], np.float32)
numbers = np.concatenate([random_numbers, scales, (neighbours + above) / 2, edges])
numbers = numbers[np.isfinite(numbers)]
with np.errstate(over="ignore"):
    halves = numbers.astype(np.float16)
brains = torch.from_numpy(numbers).to(torch.bfloat16)
json.dump(
    {
        "numpy": np.__version__,
        "torch": torch.__version__.split("+")[0],
        "numbers": numbers.view(np.uint32).tolist(),
        "float16": halves.view(np.uint16).tolist(),
        "bfloat16": brains.view(torch.int16).numpy().view(np.uint16).tolist(),
        "of_bfloat16": brains.float().numpy().view(np.uint32).tolist(),
    },
    open(sys.argv[1], "w"),
)
