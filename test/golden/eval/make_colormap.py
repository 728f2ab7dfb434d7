"""Real matplotlib's jet, norm and imshow to check src/eval/explain/colormap.ts against.

    python make_colormap.py colormap.json

Needs matplotlib and numpy. The maps come from generated.py; test/eval/explain/colormap.test.ts draws the same ones.
"""
import hashlib
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Normalize

from generated import uniform

SEED = 7
SIDE = 16
ALPHAS = (0.004, 0.078, 0.25, 0.5, 1.0)
JET = matplotlib.colormaps["jet"]


def colours(t):
    """rgb[n,3] of t[n] as hexadecimal bytes."""
    return JET(t, bytes=True)[..., :3].tobytes().hex()


def positions():
    """Both sides of many borders between entries, in float32; 0, 1, and what lies outside."""
    borders = np.float32([k / 256 for k in (0, 1, 2, 31, 64, 96, 127, 128, 200, 254, 255, 256)])
    below = np.nextafter(borders, np.float32(-1))
    above = np.nextafter(borders, np.float32(2))
    middle = uniform(SEED, "positions", 100, 0, 1)
    return np.concatenate([borders, below, above, np.float32([-0.5, 1.5]), middle])


def class_map(kind):
    """map[h,w] in float32: as Grad-CAM makes it (0..1), one that does not start at 0, a tiny one."""
    low, high = {"cam": (-0.5, 1), "shifted": (0.3, 0.9), "tiny": (1e-8, 3e-8)}[kind]
    values = uniform(SEED, f"map {kind}", (256, 256), low, high)
    return np.maximum(values, 0) if kind == "cam" else values


def checksum(values):
    """SHA-256 of the colours; the norm works in float32, and some values land on the other side of a border."""
    t = np.asarray(Normalize()(values))
    assert t.dtype == np.float32
    return hashlib.sha256(JET(t, bytes=True)[..., :3].tobytes()).hexdigest()


def imshow(gray, values, alpha):
    """rgb[h,w,3] of the notebook's two imshow calls, one screen pixel per pixel."""
    figure = plt.figure(figsize=(SIDE / 100, SIDE / 100), dpi=100)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.axis("off")
    axes.imshow(np.repeat(gray[..., None], 3, axis=2), interpolation="nearest")
    axes.imshow(values, cmap="jet", alpha=alpha, interpolation="nearest", interpolation_stage="data")
    figure.canvas.draw()
    rgb = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    assert rgb.shape == (SIDE, SIDE, 3)
    return rgb


def main(target):
    gray = np.floor(uniform(SEED, "gray", (SIDE, SIDE), 0, 256).astype(np.float64)).astype(np.uint8)
    small = np.maximum(uniform(SEED, "overlay", (SIDE, SIDE), -0.5, 1), 0)
    golden = {
        "made_with": {"matplotlib": matplotlib.__version__, "numpy": np.__version__},
        "jet": colours(np.arange(256)),
        "positions": positions().astype(np.float64).tolist(),
        "position_colours": colours(positions()),
        "maps": {kind: checksum(class_map(kind)) for kind in ("cam", "shifted", "tiny")},
        "overlays": [{"alpha": a, "rgb": imshow(gray, small, a).tobytes().hex()} for a in ALPHAS],
    }
    with open(target, "w") as file:
        file.write(json.dumps(golden, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
