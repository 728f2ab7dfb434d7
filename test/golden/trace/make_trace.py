"""One number followed by PyTorch in float64, at the places where `chexgpu trace` follows it; writes trace.json.

    chexgpu trace phantom:1 ... --json > traced.json; chexgpu convert WEIGHTS weights.npz
    python make_trace.py traced.json weights.npz [traced.json weights.npz ...]

Of the command only the picture's bytes and the names of the places are taken; every value is PyTorch's own.
"""
import json
import os
import re
import sys

import numpy
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "network"), os.path.join(HERE, "..", "shared")]
import densenet_torch  # noqa: E402

BLOCKS = {"toy": [2], "densenet121": [6, 12, 24, 16]}
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def picture(traced):
    size, channels = traced["size"], 1 if traced["network"] == "toy" else 3
    pixels = numpy.array(traced["pixels"], dtype=numpy.float64).reshape(1, size, size, 1)
    normal = (pixels - pixels.mean()) / (pixels.std() + 1e-6)
    return numpy.repeat(normal, channels, axis=3)


def at(maps, title):
    """Value and gradient at `layer[0,y,x,c]`; None for what PyTorch's pass does not name."""
    name, place = re.fullmatch(r"(.+)\[([\d,]+)\]", title).groups()
    if name not in maps:
        return None
    _, y, x, c = (int(n) for n in place.split(","))
    t = maps[name]
    index = (0, c, y, x) if t.ndim == 4 else (0, c)
    return t[index].item(), t.grad[index].item()


def follow(traced, arrays, dtype):
    maps = {}
    weights = densenet_torch.from_arrays(arrays, dtype, gradients=True)

    def keep(name, z):
        maps[name] = z
        return z

    blocks = BLOCKS[traced["network"]]
    logits = densenet_torch.forward(weights, picture(traced), blocks, True, before_relu=keep, maps=maps)
    for t in maps.values():
        t.retain_grad()
    ones = numpy.ones(logits.shape[1])
    truth = numpy.array([[float(label in traced["positive"]) for label in traced["labels"]]])
    loss = densenet_torch.weighted_loss(logits, truth, ones, ones)
    loss.backward()
    forward, backward = {}, {}
    for one in traced["forward"]:
        if (found := at(maps, one["title"])) is not None:
            forward[one["title"]] = found[0]
    for one in traced["backward"]:
        title = one["title"].removeprefix("dL/d ")
        if (found := at(maps, title)) is not None:
            backward[title] = found[1]
    key, index = re.fullmatch(r"(.+)\[([\d,]+)\]", traced["weight"]["title"]).groups()
    index = tuple(int(n) for n in index.split(","))
    g = densenet_torch.to_array(weights[key].grad)[index]
    m, v = (1 - BETA1) * g, (1 - BETA2) * g * g
    rate = LEARNING_RATE * (1 - BETA2) ** 0.5 / (1 - BETA1)
    before = float(arrays[key][index])
    after = before - rate * m / (v**0.5 + EPSILON)
    k = traced["labels"].index(traced["label"])
    return {
        **{name: traced[name] for name in ("network", "size", "pixel", "label", "positive")},
        "weight": traced["weight"]["title"],
        "forward": forward,
        "probability": torch.sigmoid(logits[0, k]).item(),
        "loss": loss.item(),
        "backward": backward,
        "adam": {"before": before, "gradient": g, "m": m, "v": v, "after": after},
    }


def make(traced, arrays):
    case, single = (follow(traced, arrays, dtype) for dtype in (torch.float64, torch.float32))
    greatest = max(abs(value) for value in case["backward"].values())
    off = [abs(single["backward"][title] - value) / greatest for title, value in case["backward"].items()]
    gradient = case["adam"]["gradient"]
    # What PyTorch's own float32 makes of it: batch norms of few pixels and kinks of ReLUs magnify its rounding.
    case["float32"] = {"backward": max(off), "gradient": abs(single["adam"]["gradient"] / gradient - 1)}
    return case


if __name__ == "__main__":
    torch.set_num_threads(2)
    given = sys.argv[1:]
    cases = []
    for traced, weights in zip(given[::2], given[1::2]):
        with open(traced) as file:
            cases.append(make(json.load(file), dict(numpy.load(weights))))
        print(cases[-1]["network"], len(cases[-1]["forward"]), "values", cases[-1]["loss"], cases[-1]["float32"])
    with open(os.path.join(HERE, "trace.json"), "w") as file:
        made_with = {"torch": torch.__version__.split("+")[0], "dtype": "float64"}
        json.dump({"made_with": made_with, "cases": cases}, file, indent=1)
        file.write("\n")
