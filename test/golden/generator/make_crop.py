"""What torchvision's RandomResizedCrop draws and gives, for test/data/generator/randomResizedCrop.test.ts.

    python make_crop.py       writes crop.json

torch's random numbers are replaced by NumPy's, in float64, so that the same draws can be made elsewhere.
"""
import json
import os

import numpy as np
import torch
import torchvision
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as F

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "crop.json")
torch.set_default_dtype(torch.float64)

# height, width, scale, ratio
CASES = [
    (320, 320, [0.08, 1], [3 / 4, 4 / 3]),
    (64, 64, [0.5, 1], [3 / 4, 4 / 3]),
    (37, 53, [0.3, 0.9], [0.5, 2]),
    (9, 80, [0.9, 1], [3 / 4, 4 / 3]),  # wide: often the fallback
    (81, 10, [0.9, 1], [3 / 4, 4 / 3]),  # high
    (30, 31, [1, 1], [0.9, 0.95]),
    (5, 5, [0.001, 0.01], [1, 1]),  # nothing fits: sides round to 0
    (1, 1, [0.08, 1], [3 / 4, 4 / 3]),
]
DRAWS = 12


def draws(seed, height, width, scale, ratio):
    random = np.random.RandomState(seed)
    uniform, randint = torch.Tensor.uniform_, torch.randint
    torch.Tensor.uniform_ = lambda self, low, high: self.fill_(random.uniform(float(low), float(high)))
    torch.randint = lambda low, high, size: torch.tensor([low + random.choice(high - low)])
    try:
        image = torch.zeros(1, height, width)
        return [list(map(int, RandomResizedCrop.get_params(image, scale, ratio))) for _ in range(DRAWS)]
    finally:
        torch.Tensor.uniform_, torch.randint = uniform, randint


def image(height, width):
    y, x, c = np.mgrid[0:height, 0:width, 0:1]
    return ((37 * y + 91 * x + 5 * x * y + 11 * c) % 256).astype(np.float64)


# Pixels of a whole image of h x w, a crop [top, left, height, width] brought back to h x w.
PIXELS = [(7, 9, [1, 2, 4, 5]), (12, 12, [0, 0, 12, 12]), (6, 10, [5, 9, 1, 1]), (11, 8, [3, 0, 8, 8])]


def resized(height, width, crop):
    pixels = torch.from_numpy(image(height, width)).permute(2, 0, 1)
    out = F.resized_crop(pixels, *crop, [height, width], InterpolationMode.BILINEAR, antialias=True)
    return [round(v, 6) for v in out.flatten().tolist()]


result = {
    "made with": f"torchvision {torchvision.__version__}, torch {torch.__version__}",
    "draws": [
        {"seed": seed, "height": h, "width": w, "scale": scale, "ratio": ratio, "crops": draws(seed, h, w, scale, ratio)}
        for seed, (h, w, scale, ratio) in enumerate(CASES)
    ],
    "pixels": [{"height": h, "width": w, "crop": crop, "values": resized(h, w, crop)} for h, w, crop in PIXELS],
}
with open(FILE, "w") as file:
    json.dump(result, file, separators=(",", ":"))
    file.write("\n")
