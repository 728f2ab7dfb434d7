"""A tensor in 32 numbers: its products with 32 vectors of random signs (test/support/golden/sketch.ts does the same).

The mean square of the 32 numbers is an unbiased estimate of the tensor's squared length, with a relative
deviation of sqrt(2 / 32), so the difference of two sketches tells the distance of two tensors of any size to
about an eighth, without either being stored (Alon, Matias and Szegedy, STOC 1996; Johnson and Lindenstrauss).
"""
import base64

import numpy as np

COUNT = 32


def signs(size):
    """For element i, 32 bits of MurmurHash3's finaliser of i * 0x9E3779B9 + 0x7F4A7C15; bit j set means +1."""
    with np.errstate(over="ignore"):
        h = np.arange(size, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(0x7F4A7C15)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return h ^ (h >> np.uint32(16))


def sketch(tensor):
    """float64[32] of a tensor in C order."""
    values = np.asarray(tensor, dtype=np.float64).ravel()
    h = signs(values.size)
    total = values.sum()
    return np.array([2 * values[(h >> np.uint32(j)) & np.uint32(1) == 1].sum() - total for j in range(COUNT)])


def distance(a, b):
    """Relative L2 error of tensor a against tensor b, in full."""
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def entry(tensor, **more):
    """What a golden file keeps of a tensor: shape, length (L2 norm), sketch as base64 of float32."""
    tensor = np.asarray(tensor, np.float64)
    return {
        "shape": list(tensor.shape),
        "norm": float(np.linalg.norm(tensor)),
        "sketch": base64.b64encode(sketch(tensor).astype("<f4").tobytes()).decode(),
        **more,
    }
