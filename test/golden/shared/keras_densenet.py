"""DenseNet121 as Keras itself builds it, filled with generated weights. Works with Keras 2.3,
tf_keras and Keras 3.
"""
import numpy as np

BLOCKS = (6, 12, 24, 16)


def build(keras, classes=14):
    """Functional model: Keras' own base, global average pool, a dense layer with sigmoid called dense_1."""
    base = keras.applications.densenet.DenseNet121(include_top=False, weights=None, input_shape=(None, None, 3))
    x = keras.layers.GlobalAveragePooling2D(name="global_average_pooling2d_1")(base.output)
    out = keras.layers.Dense(classes, activation="sigmoid", name="dense_1")(x)
    model = keras.models.Model(base.input, out)
    model.keras_version = keras.__version__
    return model


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


def tensor_keys(model, keys):
    """The keys in the order of model.layers, which is the order of get_weights of each layer in turn."""
    by_plain = {plain(key): key for key in keys}
    found = [by_plain[plain(f"{l.name}/{n}")] for l in model.layers for n in tensor_names(l)]
    assert len(found) == len(by_plain), (len(found), len(by_plain))
    return found


def layerwise(model):
    """False for Keras 2.3: its model.weights are in the order of layers, and its graph grows with every call.
    Later ones put all trainable weights first, so there layers are asked one by one."""
    return not model.keras_version.startswith("2.3")


def fill(model, arrays):
    """Sets every weight from {f'{layer}/{tensor}': array}."""
    values = [arrays[key] for key in tensor_keys(model, arrays)]
    if not layerwise(model):
        model.set_weights(values)
        return
    for layer in model.layers:
        count = len(tensor_names(layer))
        if count:
            layer.set_weights([v.astype(layer.dtype) for v in values[:count]])
            values = values[count:]


def read(model, keys):
    """The weights as {key: array}, by the same keys."""
    values = [w for l in model.layers for w in l.get_weights()] if layerwise(model) else model.get_weights()
    return {key: np.asarray(v, np.float64) for key, v in zip(tensor_keys(model, keys), values)}


def map_names(blocks=BLOCKS):
    """Layers whose outputs are compared: every convolution, pool and the head."""
    names = ["conv1/conv", "pool1"]
    for b, count in enumerate(blocks):
        for i in range(count):
            names += [f"conv{b + 2}_block{i + 1}_{k}_conv" for k in (1, 2)]
        if b < len(blocks) - 1:
            names += [f"pool{b + 2}_conv", f"pool{b + 2}_pool"]
    return names + ["bn", "global_average_pooling2d_1", "dense_1"]
