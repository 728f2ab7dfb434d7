"""Losses and their gradients by real Keras, PyTorch and torchvision, to check src/training/losses against.

    python make_losses.py losses.json keras         Keras' binary_crossentropy and BinaryFocalCrossentropy, and
                                                    PyTorch's binary_cross_entropy_with_logits
    python make_losses.py losses.json torchvision   torchvision's sigmoid_focal_loss

Each run keeps the other's part of the file. Everything is float64. Logits and labels are in the file; a label of null
is unknown. Keras has no weight per element, so only PyTorch and torchvision speak of unknown labels: weight 0, mean over
all.
"""
import json
import os
import sys

import numpy as np

from generated import uniform

SEED = 11
SHAPE = (5, 7)
FOCAL = [{"gamma": 2.0, "alpha": 0.25}, {"gamma": 0.0, "alpha": 0.5}, {"gamma": 1.5, "alpha": 0.9}]


def draw(key, low, high):
    return uniform(SEED, key, SHAPE[0] * SHAPE[1], low, high).astype(np.float64).reshape(SHAPE)


Z = draw("z", -6, 6)
Y = (draw("y", 0, 1) < 0.4).astype(np.float64)
KNOWN = (draw("known", 0, 1) < 0.7).astype(np.float64)


def keras_part():
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import keras
    import tensorflow as tf
    import torch

    keras.backend.set_floatx("float64")

    def by_keras(loss):
        z = tf.Variable(Z)
        with tf.GradientTape() as tape:
            value = loss(z)
        return {"loss": float(value), "dz": tape.gradient(value, z).numpy().tolist()}

    def by_torch(weight):
        z = torch.tensor(Z, requires_grad=True)
        f = torch.nn.functional.binary_cross_entropy_with_logits
        value = f(z, torch.tensor(Y), weight=torch.tensor(weight))
        value.backward()
        return {"loss": value.item(), "dz": z.grad.numpy().tolist()}

    p = 1 / (1 + np.exp(-Z))
    rounded = np.where(p < 0.1, 0.0, np.where(p > 0.9, 1.0, p))
    crossentropy = keras.losses.BinaryCrossentropy
    return {
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__, "torch": torch.__version__},
        "bce": {
            "keras": by_keras(lambda z: crossentropy(from_logits=True)(tf.constant(Y), z)),
            "torch": by_torch(np.ones(SHAPE)),
            "torchMasked": by_torch(KNOWN),
            # Of probabilities alone, some of them rounded to 0 and 1: Keras clips them.
            "kerasClipped": float(crossentropy()(tf.constant(Y), tf.constant(rounded))),
        },
        "focal": [
            by_keras(
                lambda z, s=settings: keras.losses.BinaryFocalCrossentropy(
                    apply_class_balancing=True, from_logits=True, **s
                )(tf.constant(Y), z)
            )
            for settings in FOCAL
        ],
    }


def torchvision_part():
    import torch
    import torchvision

    def focal(settings, known):
        z = torch.tensor(Z, requires_grad=True)
        each = torchvision.ops.sigmoid_focal_loss(z, torch.tensor(Y), reduction="none", **settings)
        value = (each * torch.tensor(known)).mean()
        value.backward()
        return {"loss": value.item(), "dz": z.grad.numpy().tolist()}

    return {
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
        "focal": [focal(settings, np.ones(SHAPE)) for settings in FOCAL],
        "focalMasked": [focal(settings, KNOWN) for settings in FOCAL],
    }


def main(path, which):
    golden = json.load(open(path)) if os.path.exists(path) else {}
    golden["z"] = Z.tolist()
    golden["labels"] = Y.tolist()
    golden["masked"] = np.where(KNOWN == 1, Y, None).tolist()
    golden["settings"] = FOCAL
    golden[which] = {"keras": keras_part, "torchvision": torchvision_part}[which]()
    with open(path, "w") as file:
        json.dump(golden, file)


main(*sys.argv[1:])
