"""Frozen layers and rates of their own by PyTorch in float64: python make_layers.py writes layers.json.

A small DenseNet takes three steps. Frozen tensors do not require gradients, so that PyTorch gives them to no update;
frozen batch norms are in eval mode, or, with frozenNorms training, in training mode. Rates are parameter groups. Kept
of every tensor, moving averages included, is how far it came: the length of the way and its products with four
random vectors; zeros where it stayed to the bit.
"""
import json
import os
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "network"))

import densenet_torch  # noqa: E402
import generated  # noqa: E402

SEED, COUNT, SIZE, STEPS, PROBES = 3, 4, 32, 3, 4
NETWORK = {"blocks": (3, 2), "growth": 8, "bottleneck": 2, "stem": 8, "classes": 3}
SGD = {"optimizer": "sgd", "settings": {"learningRate": 0.03125, "momentum": 0.875}}
ADAM_SETTINGS = {"learningRate": 2**-7, "beta1": 0.875, "beta2": 0.984375, "epsilon": 2**-7}
ADAM = {"optimizer": "adam", "settings": ADAM_SETTINGS}
ADAMW = {"optimizer": "adamw", "settings": {**ADAM_SETTINGS, "weightDecay": 0.5, "decayAll": True}}
NORMS = ["*_bn", "bn", "conv1/bn"]
RATES = {"conv1": 0.125, "conv2": 0.5, "conv2_block2": 2, "head": 4}
CASES = [
    {**SGD},
    {**SGD, "freeze": ["base"]},
    {**SGD, "freeze": ["base"], "frozenNorms": "training"},
    {**SGD, "freeze": ["conv1", "conv2", "pool2"]},
    {**SGD, "freeze": ["conv1", "conv2_block1"]},
    {**SGD, "freeze": ["conv1", "conv2_block1", "conv2_block2_0_bn", "conv2_block2_1_conv"]},
    {**SGD, "freeze": ["conv2_block2", "conv3_block1"]},
    {**SGD, "freeze": ["conv2_block3_0_bn", "pool2_bn", "bn", "head"]},
    {**SGD, "freeze": ["conv2_block1_0_bn", "conv3_block2_0_bn"]},
    {**SGD, "freeze": NORMS},
    {**SGD, "freeze": NORMS, "frozenNorms": "training"},
    {**SGD, "freeze": ["*conv"]},
    {**ADAM, "freeze": ["conv1", "pool2", "conv3_block2"]},
    {**ADAMW, "freeze": ["conv1", "pool2", "conv3_block2"], "frozenNorms": "training"},
    {**SGD, "rateOf": RATES},
    {**ADAM, "rateOf": RATES},
    {**ADAMW, "rateOf": RATES, "freeze": ["conv3_block1"]},
]


def means(layer, pattern):
    """Whether a pattern means a layer."""
    if pattern == "base":
        return layer != "dense_1"
    if pattern == "head":
        return layer == "dense_1"
    if pattern.startswith("*"):
        return layer.endswith(pattern[1:])
    return layer == pattern or layer.startswith((pattern + "_", pattern + "/"))


def make_optimizer(case, groups):
    settings = case["settings"]
    if case["optimizer"] == "sgd":
        return torch.optim.SGD(groups, settings["learningRate"], momentum=settings["momentum"])
    betas = (settings["beta1"], settings["beta2"])
    if case["optimizer"] == "adam":
        return torch.optim.Adam(groups, settings["learningRate"], betas=betas)
    return torch.optim.AdamW(groups, settings["learningRate"], betas=betas, weight_decay=settings["weightDecay"])


def train(case):
    freeze, rates = case.get("freeze", []), case.get("rateOf", {})
    arrays = generated.weights(SEED, **NETWORK)
    w = densenet_torch.from_arrays(arrays, torch.float64, gradients=True)
    layer = {key: key.rsplit("/", 1)[0] for key in w}
    frozen = {key: any(means(layer[key], one) for one in freeze) for key in w}
    groups = []
    for key, tensor in w.items():
        if "/moving_" in key:
            continue
        tensor.requires_grad_(not frozen[key])
        factor = 1
        for pattern, own in rates.items():
            factor = own if means(layer[key], pattern) else factor
        if not frozen[key]:
            groups.append({"params": [tensor], "lr": factor * case["settings"]["learningRate"]})
    optimizer = make_optimizer(case, groups)
    by_batch = lambda norm: not frozen[f"{norm}/gamma"] or case.get("frozenNorms") == "training"
    losses = []
    for step in range(STEPS):
        images = generated.images(SEED + step, COUNT, SIZE)
        labels = generated.labels(SEED + step, COUNT, NETWORK["classes"])
        logits = densenet_torch.forward(w, images, NETWORK["blocks"], by_batch, rate=0.01)
        loss = densenet_torch.weighted_loss(logits, labels, *generated.loss_weights(NETWORK["classes"]))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if "epsilon" in case["settings"]:
            # Keras' epsilon, which PyTorch adds behind its correction of v.
            for group in optimizer.param_groups:
                group["eps"] = case["settings"]["epsilon"] / np.sqrt(1 - case["settings"]["beta2"] ** (step + 1))
        optimizer.step()
    return losses, {key: densenet_torch.to_array(tensor) - arrays[key] for key, tensor in w.items()}


def probed(key, array):
    if not array.any():
        return [0]
    vectors = (generated.uniform(SEED, f"probe {k} {key}", array.size, -1, 1) for k in range(PROBES))
    numbers = [np.linalg.norm(array), *(array.ravel() @ vector.astype(np.float64) for vector in vectors)]
    return [float(f"{number:.9g}") for number in numbers]


if __name__ == "__main__":
    torch.set_num_threads(2)
    rows = []
    for case in CASES:
        losses, tensors = train(case)
        print(case, losses)
        found = {key: probed(key, array) for key, array in tensors.items()}
        rows.append(json.dumps({**case, "losses": losses, "tensors": found}, separators=(",", ":")))
    facts = {
        "made_with": {"torch": torch.__version__.split("+")[0], "dtype": "float64"},
        "seed": SEED,
        "count": COUNT,
        "size": SIZE,
        "probes": PROBES,
    }
    head = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in facts.items())
    with open(os.path.join(HERE, "layers.json"), "w") as out:
        out.write("{\n" + head + ',\n "cases": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n")
