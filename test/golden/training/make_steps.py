"""Ten steps of Adam on DenseNet121 by Keras: python make_steps.py writes steps.json (after
make_gradients.py; make_steps_keras23.py then adds what the notebook's own Keras gives).

tf_keras (Keras 2) in float64 gives losses, weights and moving averages. Float32 runs of tf_keras and Keras 3
tell which rule each follows for the moving variance (TensorFlow's fused batch norm knows no float64), and how
far float32 strays by itself: Adam's first steps are the gradient's sign, so a ReLU that flips moves weights by
whole steps. One batch, started away from the kinks, and a small rate keep the ten steps comparable.
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras as keras3
import numpy as np
import tensorflow as tf
import tf_keras

import generated
import keras_densenet
import sketch
from steps_case import COUNT, EPSILON, RATE, SEED, SIZE, STEPS, moving_variances, save, start, updates, weighted_loss


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
    # Keras 2.3.1, layers/normalization.py, on what its TensorFlow 2 code path takes: n / (n - (1 + epsilon)).
    by_rule["keras2.3-tf2"] = {}
    for key in first:
        if key.endswith("moving_variance"):
            n = pixels(key)
            biased = (first[key] - 0.99 * before[key]) / 0.01
            by_rule["keras2.3-tf2"][key] = 0.99 * before[key] + 0.01 * biased * n / (n - 1 - EPSILON)
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
    save(out)
