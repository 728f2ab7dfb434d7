"""Weights away from ReLU's kinks.

ReLU's derivative jumps at 0. In a batch with millions of ReLU inputs a few always lie so near 0 that a
rounding error of float32 flips them, and one flip in the last block, where a map has a handful of pixels,
changes a gradient by a percent: float32 PyTorch then differs from float64 PyTorch as much as anybody else.
So every beta is moved by the k/64, k in -8..7, that leaves the widest gap around 0 in its channel, one batch
norm after the other. A golden file keeps the k as one hex digit per channel, 0 for -8.
"""
import numpy as np
import torch
import torch.nn.functional as F

import densenet_torch


def away_from_kinks(arrays, images, blocks, near=float("inf")):
    """(weights with moved betas, {batch norm: hex digits}, smallest |ReLU input| left)

    Moved are the betas of channels with a ReLU input nearer to 0 than `near`.
    """
    arrays = dict(arrays)
    digits, gaps = {}, []
    weights = densenet_torch.from_arrays(arrays)

    def move(name, z):
        best = torch.full((z.shape[1],), -1.0, dtype=z.dtype)
        chosen = torch.zeros(z.shape[1], dtype=torch.int64)
        for k in sorted(range(-8, 8), key=abs):
            gap = (z + k / 64).abs().amin((0, 2, 3))
            better = (gap > best) & (best < near)
            best, chosen = torch.where(better, gap, best), torch.where(better, k, chosen)
        gaps.append(float(best.min()))
        digits[name] = "".join(f"{int(k) + 8:x}" for k in chosen)
        key = f"{name}/beta"
        arrays[key] = (arrays[key] + (chosen.numpy() / 64).astype(np.float32)).astype(np.float32)
        return z + (torch.tensor(arrays[key], dtype=z.dtype) - weights[key])[None, :, None, None]

    with torch.no_grad():
        densenet_torch.forward(weights, images, blocks, True, before_relu=move)
    return arrays, digits, min(gaps)


def pool_gap(x):
    """Smallest difference between the two largest positive values in any window of the stem's max pool."""
    n, c, h, w = x.shape
    windows = F.unfold(F.pad(x, (1, 1, 1, 1)).reshape(n * c, 1, h + 2, w + 2), 3, stride=2)
    top = windows.topk(2, 1).values
    return float((top[:, 0] - top[:, 1])[top[:, 0] > 0].min())
