"""Real Keras files to check src/densenet/weights against.

    python make_keras_h5.py make DIR        DenseNet121 as tf_keras (Keras 2) and Keras 3 save it in every
                                            layout, and facts.json with the SHA-256 of the weights of each.
                                            `CHEXGPU_KERAS_FILES=DIR npm test` then reads them all.
    python make_keras_h5.py check FILE      loads a file that chexgpu wrote into Keras' own DenseNet121 and
                                            prints the SHA-256 of all weights in model order
    python make_keras_h5.py layouts FILE    writes keras_layouts.json: every group, attribute and dataset
                                            of the same layouts for a network of four one-layer blocks

Needs tensorflow, tf_keras, keras and h5py. Nobody needs it to build, to test or to use the project.
"""
import hashlib
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np


def checksum(arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
    return digest.hexdigest()


def fill(model, seed):
    """Random numbers everywhere, none of them zero; variances stay positive."""
    random = np.random.RandomState(seed)
    weights = []
    for variable in model.weights:
        values = random.uniform(0.01, 1, variable.shape)
        if "variance" not in variable.name:
            values *= random.choice([-1, 1], variable.shape)
        weights.append(values.astype("float32"))
    model.set_weights(weights)


def densenet(keras, blocks, side):
    shape = (side, side, 3)
    if blocks == [6, 12, 24, 16]:
        return keras.applications.DenseNet121(include_top=False, weights=None, input_shape=shape)
    module = keras.src.applications.densenet
    return module.DenseNet(blocks, include_top=False, weights=None, input_shape=shape)


def functional(keras, classes=14, blocks=[6, 12, 24, 16]):
    base = densenet(keras, blocks, None)
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    out = keras.layers.Dense(classes, activation="sigmoid")(x)
    return base, keras.Model(base.input, out)


def nested(keras, classes=14, blocks=[6, 12, 24, 16]):
    base = densenet(keras, blocks, 64)
    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(classes, activation="sigmoid")]
    model = keras.Sequential([base, *layers])
    model.build((None, 64, 64, 3))
    return base, model


def in_layer_order(base, head=None):
    arrays = [w for layer in base.layers for w in layer.get_weights()]
    return arrays + (head.get_weights() if head is not None else [])


def make(folder):
    import keras as keras3
    import tf_keras

    os.makedirs(folder, exist_ok=True)
    facts = {}

    def note(file, arrays, **more):
        facts[file] = {"sha256": checksum(arrays), "tensors": len(arrays), **more}
        print(file, facts[file], flush=True)

    base, model = functional(tf_keras)
    fill(model, 1)
    path = lambda name: os.path.join(folder, name)
    model.save_weights(path("save_weights.h5"))
    note("save_weights.h5", in_layer_order(base, model.layers[-1]), head=True)
    base.save_weights(path("base.h5"))
    note("base.h5", in_layer_order(base), head=False)
    model.compile("adam", "binary_crossentropy")
    model.train_on_batch(np.random.RandomState(2).rand(2, 32, 32, 3), np.ones((2, 14)))
    model.save(path("model_save.h5"))
    note("model_save.h5", in_layer_order(base, model.layers[-1]), head=True)

    for name, trainable in [("nested.h5", True), ("nested_frozen.h5", False)]:
        base, model = nested(tf_keras)
        fill(model, 3)
        base.trainable = trainable
        model.save(path(name))
        note(name, in_layer_order(base, model.layers[-1]), head=True, nested=True)

    base, model = functional(tf_keras, classes=1000)
    fill(model, 4)
    model.save_weights(path("classes1000.h5"))
    note("classes1000.h5", in_layer_order(base, model.layers[-1]), refused=True)

    base, model = functional(keras3)
    fill(model, 5)
    for name in ["keras3.weights.h5", "keras3_legacy.h5"]:
        (model.save_weights if "weights" in name else model.save)(path(name))
        note(name, in_layer_order(base, model.layers[-1]), head=True)
    base, model = nested(keras3)
    fill(model, 6)
    for name in ["keras3_nested.weights.h5", "keras3_nested_legacy.h5"]:
        (model.save_weights if "weights" in name else model.save)(path(name))
        note(name, in_layer_order(base, model.layers[-1]), head=True, nested=True)

    with open(path("facts.json"), "w") as file:
        json.dump(facts, file, indent=1)


def check(file):
    import h5py
    import keras as keras3
    import tf_keras

    for keras in (tf_keras, keras3):
        base, model = functional(keras)
        if keras is keras3:
            from keras.src.legacy.saving import legacy_h5_format

            with h5py.File(file) as f:
                legacy_h5_format.load_weights_from_hdf5_group(f, model)
        else:
            model.load_weights(file)
        print(keras.__name__, keras.__version__, checksum(in_layer_order(base, model.layers[-1])))


def dump(file):
    """Groups with their string attributes; datasets with their shape and the number that fills them."""
    import h5py

    found = {"attributes": [], "datasets": []}

    def visit(path, item):
        if path.startswith("optimizer"):
            return
        for key, value in item.attrs.items():
            if key in ("model_config", "training_config"):
                continue
            if isinstance(value, np.ndarray):
                value = [v.decode() if isinstance(v, bytes) else str(v) for v in value]
            else:
                value = value.decode() if isinstance(value, bytes) else str(value)
            found["attributes"].append([path, key, value])
        if isinstance(item, h5py.Dataset):
            found["datasets"].append([path, list(item.shape), int(np.asarray(item[()]).flat[0])])

    with h5py.File(file) as f:
        visit("", f)
        f.visititems(visit)
    return found


def layouts(file):
    import tempfile

    import keras as keras3
    import tf_keras

    blocks = [1, 1, 1, 1]

    def numbered(base, model):
        """Fills the i-th tensor, in layer order, with the number i + 1."""
        variables = [v for layer in base.layers for v in layer.weights] + model.layers[-1].weights
        for i, variable in enumerate(variables):
            variable.assign(np.full(variable.shape, i + 1, "float32"))

    found = {}
    with tempfile.TemporaryDirectory() as folder:

        def note(name, save):
            path = os.path.join(folder, name)
            save(path)
            found[name] = dump(path)

        for title, keras in [("keras2", tf_keras), ("keras3", keras3)]:
            base, model = functional(keras, blocks=blocks)
            numbered(base, model)
            if keras is tf_keras:  # Keras 3 no longer writes these
                note("keras2_save_weights.h5", model.save_weights)
                note("keras2_base.h5", base.save_weights)
            note(f"{title}_save_weights.weights.h5", model.save_weights)
            note(f"{title}_model_save.h5", model.save)
            base, model = nested(keras, blocks=blocks)
            numbered(base, model)
            if keras is keras3:
                note("keras3_nested.weights.h5", model.save_weights)
            note(f"{title}_nested_model_save.h5", model.save)
            base.trainable = False
            note(f"{title}_nested_frozen.h5", model.save)

    with open(file, "w") as out:
        lines = []
        for name, parts in found.items():
            rows = {part: ",\n   ".join(json.dumps(row) for row in parts[part]) for part in parts}
            body = ",\n".join(f'  "{part}": [\n   {text}\n  ]' for part, text in rows.items())
            lines.append(f' "{name}": {{\n{body}\n }}')
        out.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    {"make": make, "check": check, "layouts": layouts}[sys.argv[1]](*sys.argv[2:])
