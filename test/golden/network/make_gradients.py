"""Gradients of DenseNet121 by PyTorch in float64: python make_gradients.py writes gradients.json.

Training mode, weighted loss, generated weights away from ReLU's kinks (kinks.py). Every gradient is kept as a
sketch (sketch.py), beside the error that PyTorch's own float32 makes on it.
"""
import json
import os

import torch

import densenet_torch
import generated
import kinks
import sketch

CASES = [(1, 4, 64), (1, 2, 224)]  # seed, images, size
HERE = os.path.dirname(os.path.abspath(__file__))


def backward(arrays, images, labels, dtype):
    weights = densenet_torch.from_arrays(arrays, dtype, gradients=True)
    maps = {}
    logits = densenet_torch.forward(weights, images, generated.BLOCKS_121, True, maps=maps)
    loss = densenet_torch.weighted_loss(logits, labels, *generated.loss_weights())
    loss.backward()
    gradients = {k: densenet_torch.to_array(w.grad) for k, w in weights.items() if w.grad is not None}
    return loss.item(), logits, gradients, maps


def make(seed, count, size):
    images, labels = generated.images(seed, count, size), generated.labels(seed, count)
    arrays = generated.weights(seed)
    drawn = backward(arrays, images, labels, torch.float64)[2]
    drawn32 = backward(arrays, images, labels, torch.float32)[2]
    arrays, digits, gap = kinks.away_from_kinks(arrays, images, generated.BLOCKS_121)
    loss, logits, gradients, maps = backward(arrays, images, labels, torch.float64)
    loss32, _, gradients32, _ = backward(arrays, images, labels, torch.float32)
    assert len(gradients) == 364
    print(size, "loss", loss, loss32, "gap", gap, kinks.pool_gap(maps["conv1/relu"]))
    return {
        "seed": seed,
        "count": count,
        "size": size,
        "loss": loss,
        "smallestReluInput": gap,
        "smallestPoolGap": kinks.pool_gap(maps["conv1/relu"]),
        "nudges": digits,
        "float32AtTheKinks": max(sketch.distance(drawn32[k], drawn[k]) for k in drawn),
        "gradients": {
            k: sketch.entry(g, float32=float(f"{sketch.distance(gradients32[k], g):.2e}"))
            for k, g in gradients.items()
        },
    }


if __name__ == "__main__":
    torch.set_num_threads(2)
    cases = [make(*case) for case in CASES]
    out = {"made_with": {"torch": torch.__version__.split("+")[0], "dtype": "float64"}, "cases": cases}
    for case in cases:
        worst = sorted(((e["float32"], k) for k, e in case["gradients"].items()), reverse=True)[:5]
        print(case["size"], "float32 worst", worst, "at the kinks", case["float32AtTheKinks"])
    with open(os.path.join(HERE, "gradients.json"), "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")
