"""Ten steps of Adam on DenseNet121 by Keras: python make_steps.py writes steps.json (after make_gradients.py).

tf_keras (Keras 2) in float64 gives losses, weights and moving averages. Float32 runs of tf_keras and Keras 3
tell which rule each follows for the moving variance (TensorFlow's fused batch norm knows no float64), and how
far float32 strays by itself: Adam's first steps are the gradient's sign, so a ReLU that flips moves weights by
whole steps. One batch, started away from the kinks, and a small rate keep the ten steps comparable.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras as keras3
import numpy as np
import tensorflow as tf
import tf_keras

import generated
import keras_densenet
import sketch

SEED, COUNT, SIZE, STEPS, RATE = 1, 4, 64, 10, 2e-6
EPSILON = 1.001e-5
HERE = os.path.dirname(os.path.abspath(__file__))


def start():
    """The weights of gradients.json's first case, which was made for this very batch."""
    with open(os.path.join(HERE, "gradients.json")) as file:
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


def train(keras, dtype, rate=RATE, steps=STEPS):
    """(losses, weights after the first step, weights after the last)"""
    (keras.config if keras is keras3 else keras.backend).set_floatx(dtype)
    if keras is keras3:
        keras.config.set_dtype_policy(dtype)
    arrays = start()
    model = keras_densenet.build(keras)
    keras_densenet.fill(model, arrays)
    more = {"jit_compile": False} if keras is keras3 else {}
    model.compile(keras.optimizers.Adam(rate), weighted_loss, **more)
    images, labels = generated.images(SEED, COUNT, SIZE).astype(dtype), generated.labels(SEED, COUNT)
    losses, first = [], None
    for _ in range(steps):
        losses.append(float(model.train_on_batch(images, labels)))
        if keras is keras3:  # it gives the mean over the steps so far
            model.reset_metrics()
        first = first or keras_densenet.read(model, arrays.keys())
    return losses, first, keras_densenet.read(model, arrays.keys())


def pixels(key):
    """Values that a batch norm's statistics are taken over."""
    if key.startswith("conv1/"):
        return COUNT * (SIZE // 2) ** 2
    stage = 5 if key.startswith("bn/") else int(key[4])
    return COUNT * (SIZE // 2**stage) ** 2


def fused_factor(n):
    """What TensorFlow's own fused batch norm multiplies the biased variance of n values by."""
    x = np.random.RandomState(0).normal(size=(n, 1, 1, 1)).astype(np.float32)
    _, _, variance = tf.compat.v1.nn.fused_batch_norm(x, [1.0], [0.0], epsilon=EPSILON, is_training=True)
    return float(variance[0]) / x.astype(np.float64).var()


def factor(rule, n):
    """keras-team/keras 2.3.1, layers/normalization.py: n / (n - (1 + epsilon)), on top of what the op gives."""
    again = n / (n - 1 - EPSILON)
    return {"keras2.3": n / (n - 1) * again, "keras2.3-tf2": again}[rule]


def updates(after, before):
    """A tensor's change as a sketch, with the lengths of the tensor and of its change."""
    found = {}
    for key, w in after.items():
        entry = sketch.entry(w - before[key])
        found[key] = {**entry, "updateNorm": entry["norm"], "norm": float(np.linalg.norm(w))}
    return found


def moving_variances(after, before):
    return updates({k: w for k, w in after.items() if k.endswith("moving_variance")}, before)


if __name__ == "__main__":
    for n in (16, 64):
        assert abs(fused_factor(n) - n / (n - 1)) < 1e-5, fused_factor(n)
    before = start()
    losses, first, last = train(tf_keras, "float64")
    print("float64", losses, flush=True)
    losses32, first32, last32 = train(tf_keras, "float32")
    _, first3, _ = train(keras3, "float32", steps=1)
    _, first3_64, _ = train(keras3, "float64", steps=1)
    ordinary = [train(tf_keras, dtype, 1e-3)[0] for dtype in ("float64", "float32")]

    trained = [k for k in last if "/moving_" not in k]
    own = {
        "losses": max(abs(a - b) / a for a, b in zip(losses, losses32)),
        "weights": max(sketch.distance(last32[k], last[k]) for k in trained),
        "updates": max(sketch.distance(last32[k] - before[k], last[k] - before[k]) for k in trained),
        "lossesAtRate1e-3": max(abs(a - b) / a for a, b in zip(*ordinary)),
    }
    print("float32 by itself", own, "two Kerases", max(sketch.distance(first3_64[k], first[k]) for k in first))
    # The float64 run is not fused, so its variance is the biased one.
    by_rule = {"tf.keras": first32, "keras3": first3}
    for rule in ("keras2.3", "keras2.3-tf2"):
        by_rule[rule] = {}
        for key in first:
            if key.endswith("moving_variance"):
                biased = (first[key] - 0.99 * before[key]) / 0.01
                by_rule[rule][key] = 0.99 * before[key] + 0.01 * biased * factor(rule, pixels(key))
    out = {
        "made_with": {"tf_keras": tf_keras.__version__, "keras": keras3.__version__, "tensorflow": tf.__version__},
        "seed": SEED,
        "count": COUNT,
        "size": SIZE,
        "learningRate": RATE,
        "losses": losses,
        "float32": own,
        "tensors": updates(last, before),
        "movingVariance": {rule: moving_variances(after, before) for rule, after in by_rule.items()},
    }
    with open(os.path.join(HERE, "steps.json"), "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")
