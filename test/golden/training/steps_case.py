"""The ten steps of make_steps.py and make_steps_keras23.py: the same weights, batch, loss and rate."""
import json
import os

import numpy as np
import tensorflow as tf

import generated
import sketch

SEED, COUNT, SIZE, STEPS, RATE = 1, 4, 64, 10, 2e-6
EPSILON = 1.001e-5
HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "steps.json")


def start():
    """The weights of gradients.json's first case, which was made for this very batch."""
    with open(os.path.join(HERE, "..", "network", "gradients.json")) as file:
        case = json.load(file)["cases"][0]
    assert (case["seed"], case["count"], case["size"]) == (SEED, COUNT, SIZE)
    arrays = generated.weights(SEED)
    for norm, digits in case["nudges"].items():
        k = np.array([int(d, 16) - 8 for d in digits]) / 64
        arrays[f"{norm}/beta"] = arrays[f"{norm}/beta"] + k.astype(np.float32)
    return arrays


def weighted_loss(y, p):
    """The notebook's: mean over the batch, sum over the classes, epsilon inside the logarithms."""
    positive, negative = (tf.constant(w, p.dtype) for w in generated.loss_weights())
    y = tf.cast(y, p.dtype)
    terms = positive * y * tf.math.log(p + 1e-7) + negative * (1 - y) * tf.math.log(1 - p + 1e-7)
    return -tf.reduce_sum(tf.reduce_mean(terms, axis=0))


def updates(after, before):
    """A tensor's change as a sketch, with the lengths of the tensor and of its change."""
    found = {}
    for key, w in after.items():
        entry = sketch.entry(w - before[key])
        found[key] = {**entry, "updateNorm": entry["norm"], "norm": float(np.linalg.norm(w))}
    return found


def moving_variances(after, before):
    return updates({k: w for k, w in after.items() if k.endswith("moving_variance")}, before)


def save(content):
    with open(FILE, "w") as file:
        json.dump(content, file, separators=(",", ":"))
        file.write("\n")
