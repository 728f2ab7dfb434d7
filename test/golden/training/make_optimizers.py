"""Steps of SGD, Adam and AdamW on four small tensors: python make_optimizers.py writes optimizers.json.

Keras 3, tf_keras (Keras 2) and PyTorch, all in float64, take the same gradients. Both Kerases agree. PyTorch's numbers
are kept where they are others: where the learning rate changes while SGD has momentum, and with Adam, whose epsilon
PyTorch adds to the root after the bias correction.
"""
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras as keras3
import numpy as np
import tf_keras
import torch

import generated

SEED = 11
STEPS = 6
KEPT = [1, 6]
SHAPES = {"a/kernel": [3, 1, 1, 5], "n/gamma": [3], "n/beta": [3], "d/kernel": [7, 11], "d/bias": [11]}
DECAYED = {"a/kernel", "d/kernel"}
# Even in float64 Keras rounds all settings but the learning rate to float32: these are the same there. The epsilon is
# large enough to be seen beside the root.
BETAS = {"beta1": 0.875, "beta2": 0.984375, "epsilon": 2**-7}

CASES = [
    {"optimizer": "sgd", "settings": {"learningRate": 0.1}},
    {"optimizer": "sgd", "settings": {"learningRate": 0.1, "momentum": 0.875}},
    {"optimizer": "sgd", "settings": {"learningRate": 0.1, "momentum": 0.875, "nesterov": True}},
    {"optimizer": "sgd", "settings": {"learningRate": 0.1, "momentum": 0.875}, "laterRate": 0.01},
    {"optimizer": "sgd", "settings": {"learningRate": 0.1, "momentum": 0.875, "nesterov": True}, "laterRate": 0.01},
    {"optimizer": "adam", "settings": {"learningRate": 0.01, **BETAS}},
    {"optimizer": "adamw", "settings": {"learningRate": 0.01, "weightDecay": 0, **BETAS}},
    {"optimizer": "adamw", "settings": {"learningRate": 0.01, "weightDecay": 0.5, **BETAS}},
    {
        "optimizer": "adamw",
        "settings": {"learningRate": 0.01, "weightDecay": 0.5, **BETAS, "decayAll": True},
        "laterRate": 0.1,
    },
]


def size(shape):
    return int(np.prod(shape))


def start():
    return {key: generated.uniform(SEED, key, size(s), -1, 1).astype(np.float64) for key, s in SHAPES.items()}


def gradients(step):
    return {
        key: generated.uniform(SEED, f"{key} {step}", size(s), -1, 1).astype(np.float64) for key, s in SHAPES.items()
    }


def decays(case, key):
    return case["settings"].get("decayAll", False) or key in DECAYED


def rate(case, step):
    """Of the steps behind the third the later one, where there is one."""
    return case.get("laterRate", case["settings"]["learningRate"]) if step > 3 else case["settings"]["learningRate"]


def of_keras(keras, case):
    settings = case["settings"]
    (keras.config if keras is keras3 else keras.backend).set_floatx("float64")
    make = keras.Variable if keras is keras3 else __import__("tensorflow").Variable
    variables = {key: make(value, dtype="float64", name=key.replace("/", "_")) for key, value in start().items()}
    betas = {"beta_1": BETAS["beta1"], "beta_2": BETAS["beta2"], "epsilon": BETAS["epsilon"]}
    if case["optimizer"] == "sgd":
        more = {"momentum": settings.get("momentum", 0.0), "nesterov": settings.get("nesterov", False)}
        optimizer = keras.optimizers.SGD(settings["learningRate"], **more)
    elif case["optimizer"] == "adam":
        optimizer = keras.optimizers.Adam(settings["learningRate"], **betas)
    else:
        optimizer = keras.optimizers.AdamW(settings["learningRate"], weight_decay=settings["weightDecay"], **betas)
        optimizer.exclude_from_weight_decay([v for key, v in variables.items() if not decays(case, key)])
    optimizer.build(list(variables.values()))
    for step in range(1, STEPS + 1):
        optimizer.learning_rate = rate(case, step)
        optimizer.apply_gradients([(g, variables[key]) for key, g in gradients(step).items()])
        if step in KEPT:
            yield step, {key: v.numpy().copy() for key, v in variables.items()}


def of_torch(case):
    settings = case["settings"]
    parameters = {key: torch.tensor(value) for key, value in start().items()}
    groups = [
        {"params": [p], "weight_decay": settings.get("weightDecay", 0) if decays(case, key) else 0}
        for key, p in parameters.items()
    ]
    betas = {"betas": (BETAS["beta1"], BETAS["beta2"]), "eps": BETAS["epsilon"]}
    if case["optimizer"] == "sgd":
        more = {"momentum": settings.get("momentum", 0.0), "nesterov": settings.get("nesterov", False)}
        optimizer = torch.optim.SGD(groups, settings["learningRate"], **more)
    elif case["optimizer"] == "adam":
        optimizer = torch.optim.Adam(groups, settings["learningRate"], **betas)
    else:
        optimizer = torch.optim.AdamW(groups, settings["learningRate"], **betas)
    for step in range(1, STEPS + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate(case, step)
        for key, g in gradients(step).items():
            parameters[key].grad = torch.tensor(g)
        optimizer.step()
        if step in KEPT:
            yield step, {key: p.numpy().copy() for key, p in parameters.items()}


def kept(run):
    """After each of the kept steps all weights, tensor by tensor."""
    return {str(step): [float(f"{x:.12g}") for values in w.values() for x in values] for step, w in run}


def apart(a, b):
    return max(abs(x - y) for step in a for x, y in zip(a[step], b[step]))


if __name__ == "__main__":
    rows = []
    for case in CASES:
        found = kept(of_keras(keras3, case))
        assert apart(found, kept(of_keras(tf_keras, case))) < 1e-11, case
        other = kept(of_torch(case))
        differs = apart(found, other) > 1e-9
        rows.append(json.dumps({**case, "keras": found, **({"torch": other} if differs else {})}))
        print(case, "PyTorch is apart by", apart(found, other), flush=True)
    made_with = {"keras": keras3.__version__, "tf_keras": tf_keras.__version__, "torch": torch.__version__}
    facts = {"made_with": made_with, "seed": SEED, "steps": STEPS, "later": 3, "shapes": SHAPES}
    head = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in facts.items())
    with open("optimizers.json", "w") as out:
        out.write("{\n" + head + ',\n "cases": [\n  ' + ",\n  ".join(rows) + "\n ]\n}\n")
