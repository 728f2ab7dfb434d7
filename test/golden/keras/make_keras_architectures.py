"""The model_config of real Keras models, for the reader of architectures: networks of four one-layer blocks.

    python make_keras_architectures.py keras_architectures.json

Initialisers, regularisers and constraints are left out, which keeps the file small and which nobody reads.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tf_keras

BLOCKS = [1, 1, 1, 1]
UNREAD = ("initializer", "regularizer", "constraint", "build_config", "module", "registered_name")


def small(value):
    if isinstance(value, dict):
        return {k: small(v) for k, v in value.items() if not k.endswith(UNREAD)}
    return [small(v) for v in value] if isinstance(value, (list, tuple)) else value


def functional(k):
    base = k.src.applications.densenet.DenseNet(BLOCKS, include_top=False, weights=None, input_shape=(None, None, 3))
    x = k.layers.GlobalAveragePooling2D()(base.output)
    return k.Model(base.input, k.layers.Softmax()(k.layers.Dense(2, name="normal_or_not")(x)))


def sequential(k):
    base = k.src.applications.densenet.DenseNet(BLOCKS, include_top=False, weights=None, input_shape=(64, 64, 3))
    L = k.layers
    layers = [L.InputLayer(input_shape=(64, 64, 3)) if k is tf_keras else L.Input((64, 64, 3))]
    layers += [L.Rescaling(1 / 127.5, -1), L.RandomFlip(), base, L.GlobalAveragePooling2D(), L.Dropout(0.2)]
    return k.Sequential(layers + [L.Dense(3, activation="softmax")])


if __name__ == "__main__":
    made = {}
    for k in (keras, tf_keras):
        for build in (functional, sequential):
            k.backend.clear_session()
            model = json.loads(build(k).to_json())
            made[f"{k.__name__} {k.__version__} {build.__name__}"] = small(
                {"class_name": model["class_name"], "config": model["config"]}
            )
    with open(sys.argv[1], "w") as out:
        json.dump(made, out, separators=(",", ":"))
        out.write("\n")
