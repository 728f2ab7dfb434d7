"""The steps of make_steps.py by the notebook's own Keras, 2.3.1 on TensorFlow 1.15 (Python 3.7): adds its losses,
and the moving variances after the first step, to steps.json.

Its Adam reads the step counter while it is raised, so the losses differ from run to run: test/parity/steps.test.ts
compares as many as were made one ahead (six in the run kept), which has to be looked at after making them again.
"""
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf

import generated
import keras_densenet
from steps_case import COUNT, FILE, RATE, SEED, SIZE, STEPS, moving_variances, save, start, weighted_loss

if __name__ == "__main__":
    assert keras.__version__ == "2.3.1" and tf.__version__.startswith("1.15"), (keras.__version__, tf.__version__)
    before = start()
    model = keras_densenet.build(keras)
    keras_densenet.fill(model, before)
    model.compile(keras.optimizers.Adam(RATE), weighted_loss)
    images, labels = generated.images(SEED, COUNT, SIZE), generated.labels(SEED, COUNT)
    losses, first = [], None
    for _ in range(STEPS):
        losses.append(float(model.train_on_batch(images, labels)))
        first = first or keras_densenet.read(model, before.keys())
    with open(FILE) as file:
        steps = json.load(file)
    print(max(abs(a - b) / b for a, b in zip(losses, steps["losses"])), losses)
    steps["made_with"]["keras2.3"] = "Keras %s, TensorFlow %s" % (keras.__version__, tf.__version__)
    steps["keras23Losses"] = losses
    steps["movingVariance"]["keras2.3"] = moving_variances(first, before)
    save(steps)
