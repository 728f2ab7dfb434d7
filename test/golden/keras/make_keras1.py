"""The DenseNet-40-12 for CIFAR-10 of a Keras 1 file, re-created in Keras, layer by layer in inference mode.

    python make_keras1.py FILE    writes keras1.json. FILE is titu1994's trained DenseNet-Fast-40-12-CIFAR10.h5
                                  (Keras 1 on Theano); it is read, never copied

Two cases: generated weights, which a plain test run can draw too, and the trained ones of FILE. These are
loaded by tf_keras, which still reads Keras 1 files: into a channels_first model, as that file's was, its own
loader turns [out, in, h, w] into [h, w, in, out]. What it no longer does is the turn by 180 degrees that
kernels of Theano need; that is done here. The reference is Keras 3 in float64; tf_keras in float64 has to
agree, and beside each value stands the error that Keras' own float32 makes on it.
"""
import hashlib
import json
import os
import shutil
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras
import numpy as np
import tensorflow as tf
import tf_keras

import generated
import keras_densenet
import sketch

BLOCKS, GROWTH, STEM, CLASSES, BN_EPSILON = (12, 12, 12), 12, 16, 10, 1e-3
GENERATED_SEED, IMAGE_SEED, COUNT, SIZE = 40, 41, 2, 32
HEAD_SCALE = 0.5  # of the generated head, so that no class takes all
HERE = os.path.dirname(os.path.abspath(__file__))


def build(library, data_format="channels_last"):
    """A 3x3 convolution and a batch norm; blocks of ReLU and 3x3 convolution; between them 1x1 convolution,
    average pool and batch norm; then ReLU, global average pool and softmax."""
    layers = library.layers
    axis = -1 if data_format == "channels_last" else 1
    plain = keras_densenet.plain
    common = {"data_format": data_format}

    def conv(x, name, channels, kernel):
        return layers.Conv2D(channels, kernel, padding="same", use_bias=False, name=plain(name), **common)(x)

    def norm(x, name):
        return layers.BatchNormalization(axis=axis, epsilon=BN_EPSILON, name=plain(name))(x)

    side = (None, None, 3) if axis == -1 else (3, SIZE, SIZE)
    image = layers.Input(shape=side)
    x = norm(conv(image, "conv1/conv", STEM, 3), "conv1/bn")
    channels = STEM
    for b, count in enumerate(BLOCKS):
        parts = [x]
        for i in range(count):
            y = conv(layers.Activation("relu")(x), f"conv{b + 2}_block{i + 1}_1_conv", GROWTH, 3)
            parts.append(y)
            x = layers.Concatenate(axis=axis)(parts)
            channels += GROWTH
        if b < len(BLOCKS) - 1:
            x = conv(x, f"pool{b + 2}_conv", channels, 1)
            x = layers.AveragePooling2D(2, name=f"pool{b + 2}_pool", **common)(x)
            x = norm(x, f"pool{b + 2}_bn")
    x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d_1", **common)(x)
    logits = layers.Dense(CLASSES, name="dense_1")(x)
    return library.Model(image, layers.Activation("softmax", name="softmax")(logits))


def map_names():
    names = ["conv1/conv", "conv1/bn"]
    for b, count in enumerate(BLOCKS):
        names += [f"conv{b + 2}_block{i + 1}_1_conv" for i in range(count)]
        if b < len(BLOCKS) - 1:
            names += [f"pool{b + 2}_{part}" for part in ("conv", "pool", "bn")]
    return names + ["global_average_pooling2d_1", "dense_1", "softmax"]


def parameter_table():
    """[(key, shape)] in the order of the layers."""
    model = build(keras)
    names = {keras_densenet.plain(n): n for n in map_names()}
    return [
        (f"{names[layer.name]}/{tensor}", tuple(w.shape))
        for layer in model.layers
        for tensor, w in zip(keras_densenet.tensor_names(layer), layer.get_weights())
    ]


def generated_weights():
    arrays = {key: generated.tensor(key, shape, GENERATED_SEED) for key, shape in parameter_table()}
    arrays["dense_1/kernel"] = arrays["dense_1/kernel"] * np.float32(HEAD_SCALE)
    return arrays


def file_weights(path):
    """By tf_keras' own loader; then Theano's kernels are turned."""
    model = build(tf_keras, "channels_first")
    with tempfile.TemporaryDirectory() as folder:
        model.load_weights(shutil.copy(path, os.path.join(folder, "weights.h5")))
    keys = [key for key, _ in parameter_table()]
    arrays = dict(zip(keys, (w for layer in model.layers for w in layer.get_weights()), strict=True))
    return {key: w[::-1, ::-1] if w.ndim == 4 else w for key, w in arrays.items()}


def outputs(library, dtype, arrays, images):
    if library is keras:
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
    else:
        tf_keras.backend.set_floatx(dtype)
        tf_keras.mixed_precision.set_global_policy(dtype)
    model = build(library)
    keras_densenet.fill(model, arrays)
    names = map_names()
    watched = library.Model(model.input, [keras_densenet.layer_of(model, n).output for n in names])
    return {n: np.asarray(v) for n, v in zip(names, watched(images.astype(dtype), training=False))}


def case(name, arrays, images, **more):
    maps = outputs(keras, "float64", arrays, images)
    other = outputs(tf_keras, "float64", arrays, images)
    single = outputs(keras, "float32", arrays, images)
    entries = {}
    for n in map_names():
        assert sketch.distance(other[n], maps[n]) < 1e-12, n
        entries[n] = sketch.entry(maps[n], float32=float(f"{sketch.distance(single[n], maps[n]):.2e}"))
    p = maps["softmax"]
    worst = max((e["float32"], n) for n, e in entries.items())
    print(name, "largest p", p.max(1), "float32 worst", worst, "of p", abs(single["softmax"] - p).max())
    return {"name": name, **more, "probabilities": p.tolist(), "maps": entries}


if __name__ == "__main__":
    path = sys.argv[1]
    images = generated.images(IMAGE_SEED, COUNT, SIZE)
    # Whole numbers, as pixels are: the trained network reads 0..255.
    pixels = np.floor(np.float32(127.5) + np.float32(50) * images)
    assert pixels.min() >= 0 and pixels.max() <= 255
    digest = hashlib.sha256()
    trained = file_weights(path)
    for array in trained.values():
        digest.update(np.ascontiguousarray(array, "<f4").tobytes())
    cases = [
        case("generated", generated_weights(), images),
        case("trained", trained, pixels, sha256=digest.hexdigest()),
    ]
    versions = {library.__name__: library.__version__ for library in (keras, tf_keras, tf)}
    golden = {
        "made_with": {**versions, "dtype": "float64"},
        "generatedSeed": GENERATED_SEED,
        "imageSeed": IMAGE_SEED,
        "count": COUNT,
        "size": SIZE,
        "headScale": HEAD_SCALE,
        "epsilon": BN_EPSILON,
        "cases": cases,
    }
    with open(os.path.join(HERE, "keras1.json"), "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")
