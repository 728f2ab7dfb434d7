"""Clipping, accumulation and averages of weights by Keras 3 and PyTorch, to check src/training/updates against.

    python make_updates.py updates.json keras
    python make_updates.py updates.json torch

Each run keeps the other's part of the file. A dense layer with the mean binary cross-entropy of its logits takes six
batches, all in float64. Kept are weights and bias after them, and where there is an average, that too, and what Keras'
fit makes of the weights at its end. A library has no part where it means something else: Keras counts batches of any
size alike, and moves its average with every batch; PyTorch's Adam has another epsilon, and its averages overwrite
nothing.
"""
import json
import os
import sys

import numpy as np

from generated import uniform

SEED = 23
INPUTS, CLASSES = 5, 3
SIZES = [4, 4, 4, 4, 4, 4]
UNEVEN = [4, 1, 3, 2, 4, 1]
# Powers of two, which Keras does not round.
SGD = {"optimizer": "sgd", "settings": {"learningRate": 0.5, "momentum": 0.875}}
ADAM = {"optimizer": "adam", "settings": {"learningRate": 0.125, "beta1": 0.875, "beta2": 0.984375, "epsilon": 2**-7}}

CASES = [
    {**SGD, "sizes": SIZES, "updates": {}},
    {**SGD, "sizes": SIZES, "updates": {"clipNorm": 0.25}},
    {**ADAM, "sizes": SIZES, "updates": {"clipNorm": 0.25}, "by": ["keras"]},
    {**SGD, "sizes": SIZES, "updates": {"clipVariableNorm": 0.125}},
    {**ADAM, "sizes": SIZES, "updates": {"clipVariableNorm": 0.125}, "by": ["keras"]},
    {**SGD, "sizes": SIZES, "updates": {"clipValue": 0.03125}},
    {**SGD, "sizes": SIZES, "updates": {"accumulate": 3}},
    {**SGD, "sizes": SIZES, "updates": {"ema": 0.75}},
    {**SGD, "sizes": SIZES, "updates": {"ema": 0.75, "emaOverwrite": 4}, "by": ["keras"]},
    {**ADAM, "sizes": SIZES, "updates": {"ema": 0.75, "emaOverwrite": 3}, "by": ["keras"]},
    {**SGD, "sizes": SIZES, "updates": {"ema": 0.75, "emaOverwrite": 1}, "by": ["keras"]},
    {**SGD, "sizes": UNEVEN, "updates": {"accumulate": 3}, "by": ["torch"]},
    {**SGD, "sizes": UNEVEN, "updates": {"accumulate": 2, "clipNorm": 0.25, "ema": 0.75}, "by": ["torch"]},
    {**SGD, "sizes": UNEVEN, "updates": {"accumulate": 2, "clipVariableNorm": 0.125}, "by": ["torch"]},
]


def batch(i, size):
    x = uniform(SEED, f"x {i}", size * INPUTS, -1, 1).astype(np.float64).reshape(size, INPUTS)
    y = (uniform(SEED, f"y {i}", size * CLASSES, 0, 1) < 0.4).astype(np.float64).reshape(size, CLASSES)
    return x, y


def start():
    kernel = uniform(SEED, "dense/kernel", INPUTS * CLASSES, -2, 2).astype(np.float64).reshape(INPUTS, CLASSES)
    return kernel, uniform(SEED, "dense/bias", CLASSES, -2, 2).astype(np.float64)


def flat(arrays):
    return [float(f"{x:.12g}") for values in arrays for x in np.asarray(values).ravel()]


def of_keras(case):
    import keras
    import tensorflow as tf

    keras.backend.set_floatx("float64")
    settings, updates = case["settings"], case["updates"]
    names = {"clipNorm": "global_clipnorm", "clipVariableNorm": "clipnorm", "clipValue": "clipvalue"}
    names |= {"accumulate": "gradient_accumulation_steps"}
    more = {names[key]: value for key, value in updates.items() if key in names}
    if "ema" in updates:
        more |= {"use_ema": True, "ema_momentum": updates["ema"]}
        more |= {"ema_overwrite_frequency": updates.get("emaOverwrite")}
    if case["optimizer"] == "sgd":
        optimizer = keras.optimizers.SGD(settings["learningRate"], momentum=settings["momentum"], **more)
    else:
        betas = {"beta_1": settings["beta1"], "beta_2": settings["beta2"], "epsilon": settings["epsilon"]}
        optimizer = keras.optimizers.Adam(settings["learningRate"], **betas, **more)
    weights = [keras.Variable(value, dtype="float64") for value in start()]
    optimizer.build(weights)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    for i, size in enumerate(case["sizes"]):
        x, y = batch(i, size)
        with tf.GradientTape() as tape:
            value = loss(tf.constant(y), tf.constant(x) @ weights[0].value + weights[1].value)
        optimizer.apply(tape.gradient(value, [w.value for w in weights]), weights)
    result = {"weights": flat(w.numpy() for w in weights)}
    if "ema" in updates:
        result["average"] = flat(a.numpy() for a in optimizer._model_variables_moving_average)
        optimizer.finalize_variable_values(weights)
        result["finalized"] = flat(w.numpy() for w in weights)
    return keras.__version__, result


def of_torch(case):
    import torch
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    settings, updates = case["settings"], case["updates"]
    model = torch.nn.Linear(INPUTS, CLASSES, dtype=torch.float64)
    kernel, bias = start()
    with torch.no_grad():
        model.weight.copy_(torch.tensor(kernel.T))
        model.bias.copy_(torch.tensor(bias))
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(updates.get("ema", 0.0)))
    if case["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), settings["learningRate"], momentum=settings["momentum"])
    else:
        betas = (settings["beta1"], settings["beta2"])
        optimizer = torch.optim.Adam(model.parameters(), settings["learningRate"], betas=betas, eps=settings["epsilon"])
    sizes, k = case["sizes"], updates.get("accumulate", 1)
    for i, size in enumerate(sizes):
        x, y = (torch.tensor(values) for values in batch(i, size))
        group = sizes[i // k * k : i // k * k + k]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x), y)
        (loss * size / sum(group)).backward()
        if (i + 1) % k > 0:
            continue
        if "clipNorm" in updates:
            torch.nn.utils.clip_grad_norm_(model.parameters(), updates["clipNorm"])
        for parameter in model.parameters() if "clipVariableNorm" in updates else []:
            torch.nn.utils.clip_grad_norm_(parameter, updates["clipVariableNorm"])
        if "clipValue" in updates:
            torch.nn.utils.clip_grad_value_(model.parameters(), updates["clipValue"])
        optimizer.step()
        optimizer.zero_grad()
        average.update_parameters(model)
    result = {"weights": flat([model.weight.detach().numpy().T, model.bias.detach().numpy()])}
    if "ema" in updates:
        module = average.module
        result["average"] = flat([module.weight.detach().numpy().T, module.bias.detach().numpy()])
    return torch.__version__, result


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    path, library = sys.argv[1:3]
    known = json.load(open(path)) if os.path.exists(path) else {"made_with": {}, "cases": []}
    rows = []
    for case in CASES:
        by = case.get("by", ["keras", "torch"])
        told = ("optimizer", "sizes", "updates")
        old = next((one for one in known["cases"] if all(one[key] == case[key] for key in told)), {})
        found = {key: old[key] for key in by if key in old}
        if library in by:
            version, found[library] = (of_keras if library == "keras" else of_torch)(case)
        facts = {key: value for key, value in case.items() if key != "by"}
        rows.append(json.dumps({**facts, **{key: found[key] for key in sorted(found)}}))
    made_with = {**known["made_with"], library: version}
    facts = {"made_with": made_with, "seed": SEED, "inputs": INPUTS, "classes": CLASSES}
    head = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in facts.items())
    with open(path, "w") as out:
        out.write("{\n" + head + ',\n "cases": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n")
