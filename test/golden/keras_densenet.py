"""DenseNet121 as Keras itself builds it, filled with generated weights. Works with tf_keras and with Keras 3."""
import numpy as np

BLOCKS = (6, 12, 24, 16)


def build(keras, classes=14):
    """Functional model: Keras' own base, global average pool, a dense layer with sigmoid called dense_1."""
    base = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(None, None, 3))
    x = keras.layers.GlobalAveragePooling2D(name="global_average_pooling2d_1")(base.output)
    out = keras.layers.Dense(classes, activation="sigmoid", name="dense_1")(x)
    return keras.Model(base.input, out)


def plain(name):
    """Keras 3 spells conv1/conv as conv1_conv."""
    return name.replace("/", "_")


def layer_of(model, name):
    return next(layer for layer in model.layers if plain(layer.name) == plain(name))


def tensor_names(layer):
    return {
        "Conv2D": ["kernel"],
        "BatchNormalization": ["gamma", "beta", "moving_mean", "moving_variance"],
        "Dense": ["kernel", "bias"],
    }.get(type(layer).__name__, [])


def fill(model, arrays):
    """Sets every weight from {f'{layer}/{tensor}': array}."""
    named = {plain(key): value for key, value in arrays.items()}
    used = 0
    for layer in model.layers:
        names = tensor_names(layer)
        if names:
            layer.set_weights([named[plain(f"{layer.name}/{n}")].astype(layer.dtype) for n in names])
            used += len(names)
    assert used == len(arrays), (used, len(arrays))


def read(model, keys):
    """The weights as {key: array}, by the same keys."""
    by_plain = {plain(key): key for key in keys}
    found = {}
    for layer in model.layers:
        for name, value in zip(tensor_names(layer), layer.get_weights()):
            found[by_plain[plain(f"{layer.name}/{name}")]] = np.asarray(value, np.float64)
    assert len(found) == len(by_plain)
    return found


def map_names(blocks=BLOCKS):
    """Layers whose outputs are compared: every convolution, pool and the head."""
    names = ["conv1/conv", "pool1"]
    for b, count in enumerate(blocks):
        for i in range(count):
            names += [f"conv{b + 2}_block{i + 1}_{k}_conv" for k in (1, 2)]
        if b < len(blocks) - 1:
            names += [f"pool{b + 2}_conv", f"pool{b + 2}_pool"]
    return names + ["bn", "global_average_pooling2d_1", "dense_1"]
