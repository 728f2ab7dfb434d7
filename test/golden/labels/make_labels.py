"""What trainings make of labels, by others: label smoothing by Keras, class weights by the formula of Cui et al. 2019,
rows drawn by NumPy and weighted for torch's WeightedRandomSampler.

    python make_labels.py labels.json ../training/losses.json

Logits and labels of the losses are those of the second file; its labels of null are unknown. Everything is float64.
"""
import json
import os
import sys
from fractions import Fraction

import numpy as np

SMOOTHING = [0.1, 0.4]
COUNTS = [[0, 9], [1, 999], [7, 93], [250, 250], [4000, 108120], [90000, 20], [5, 0]]
BETAS = [0.0, 0.9, 0.99, 0.999, 0.9999]
LABELS = [[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 1]]


def smoothing_part(losses):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import keras
    import tensorflow as tf

    keras.backend.set_floatx("float64")
    logits = np.array(losses["z"])
    labels = tf.constant(np.array(losses["labels"]))
    masked = np.array(losses["masked"], dtype=object)
    known = np.array([[y is not None for y in row] for row in masked])
    classes = logits.shape[1]
    positive = np.linspace(0.2, 1.4, classes)
    negative = np.linspace(1.0, 0.1, classes)

    def loss_and_gradient(loss):
        z = tf.Variable(logits)
        with tf.GradientTape() as tape:
            value = loss(z)
        return {"loss": float(value), "dz": tape.gradient(value, z).numpy().tolist()}

    def smoothed(smoothing):
        """Keras' own arithmetic: that of its binary cross-entropy of one label, which is linear in it."""
        return labels * (1.0 - smoothing) + 0.5 * smoothing

    def weighted(z, smoothing):
        """The notebook's loss."""
        y, p = smoothed(smoothing), tf.sigmoid(z)
        epsilon = 1e-7
        pos = tf.reduce_mean(positive * y * tf.math.log(p + epsilon), axis=0)
        neg = tf.reduce_mean(negative * (1 - y) * tf.math.log(1 - p + epsilon), axis=0)
        return -tf.reduce_sum(pos + neg)

    def bce(z, smoothing, mask):
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, reduction="none")
        each = loss(labels[..., None], z[..., None])
        return tf.reduce_mean(each * mask)

    whole = keras.losses.BinaryCrossentropy
    return {
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__, "numpy": np.__version__},
        "positive": positive.tolist(),
        "negative": negative.tolist(),
        "losses": [
            {
                "smoothing": a,
                "bce": loss_and_gradient(lambda z, a=a: whole(from_logits=True, label_smoothing=a)(labels, z)),
                "bceMasked": loss_and_gradient(lambda z, a=a: bce(z, a, tf.constant(known.astype(np.float64)))),
                "weighted": loss_and_gradient(lambda z, a=a: weighted(z, a)),
            }
            for a in SMOOTHING
        ],
    }


def effective_number(n, beta):
    """Equation 3 of the paper: as the sum that it is, exactly, where that is short."""
    if n < 300:
        return sum(Fraction(beta) ** i for i in range(n))
    return Fraction(float((1 - np.longdouble(beta) ** n) / (1 - np.longdouble(beta))))


def weights_of(positives, negatives, beta):
    """The paper's: 1/E per class, normalised to sum to the number of classes (two); the halves of those."""
    if positives == 0 or negatives == 0:
        # The limit: all weight on the side that has no image.
        return [float(positives == 0), float(negatives == 0)]
    inverse = [1 / effective_number(n, beta) for n in (positives, negatives)]
    scaled = [w / sum(inverse) * 2 for w in inverse]
    return [float(w) / 2 for w in scaled]


def group_weights():
    """Each row's group: its rarest positive label, or none; weight 1 / size of the group."""
    labels = np.array(LABELS)
    totals = labels.sum(axis=0)
    groups = []
    for row in labels:
        positive = [c for c in range(len(totals)) if row[c] == 1]
        groups.append(min(positive, key=lambda c: totals[c]) if positive else None)
    return [1 / groups.count(group) for group in groups]


def main(path, losses):
    weights = np.array(group_weights())
    random = np.random.RandomState(17)
    golden = {
        "smoothing": smoothing_part(json.load(open(losses))),
        "effective": [
            {"beta": beta, "positives": p, "negatives": n, "weights": weights_of(p, n, beta)}
            for beta in BETAS
            for p, n in COUNTS
        ],
        "sampler": {
            "labels": LABELS,
            "weights": weights.tolist(),
            "seed": 17,
            "draws": random.choice(len(weights), 200, p=weights / weights.sum()).tolist(),
            "next": random.random_sample(),
        },
    }
    with open(path, "w") as file:
        json.dump(golden, file)


main(*sys.argv[1:])
