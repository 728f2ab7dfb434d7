"""Layouts of real Keras files that hold Adam's state, for a network of four one-layer blocks.

    python make_keras_models.py keras_models.json

adds what the Kerases of this Python write to keras_models.json: every group, attribute and dataset of
`model.save` and of Keras 3's `save_weights`, and the model_config of Keras 2.3.1. Run it once with
Keras 2.3.1 on TensorFlow 1.15 and once with tf_keras and Keras 3.

The i-th tensor in the order of layers is filled with the number i, from 1; its m with 1000 + i, its v with
2000 + i; Keras 2's empty vhat with 0.
"""
import json
import os
import re
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import numpy as np

BLOCKS = [1, 1, 1, 1]
UPDATES = 7
X, Y = np.random.RandomState(2).rand(2, 32, 32, 3), np.ones((2, 14))


def base_of(keras, side=None):
    kwargs = {"include_top": False, "weights": None, "input_shape": (side, side, 3)}
    if keras.__version__.startswith("2.3"):
        from keras_applications import densenet

        kwargs.update({part: getattr(keras, part) for part in ("backend", "layers", "models", "utils")})
    else:
        densenet = keras.src.applications.densenet
    return densenet.DenseNet(BLOCKS, **kwargs)


def functional(keras):
    base = base_of(keras)
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.models.Model(base.input, keras.layers.Dense(14, activation="sigmoid")(x))
    return model, [w for layer in model.layers for w in layer.weights]


def nested(keras):
    base = base_of(keras, 32)
    image = keras.layers.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(base(image))
    model = keras.models.Model(image, keras.layers.Dense(14, activation="sigmoid")(x))
    return model, [w for layer in base.layers for w in layer.weights] + model.layers[-1].weights


def numbered(keras, model, weights, optimizer):
    """Trains once, so that the optimizer has its variables; then numbers everything."""
    model.compile(optimizer, "binary_crossentropy")
    model.train_on_batch(X, Y)
    number = {id(w): i + 1 for i, w in enumerate(weights)}
    trained = [number[id(w)] for w in model.trainable_weights]
    full = lambda variable, value: np.full([int(n) for n in variable.shape], value, "float32")
    for w in weights:
        if keras.__version__.startswith("2.3"):
            keras.backend.set_value(w, full(w, number[id(w)]))
        else:
            w.assign(full(w, number[id(w)]))
    if keras.__version__.startswith("2.3"):
        for variable in optimizer.weights:
            kind, i = re.match(r".*/(m|v|vhat|iterations)(?:_(\d+))?(?:_\d+)?:0$", variable.name).groups()
            if kind == "iterations":
                keras.backend.set_value(variable, UPDATES)
            elif kind != "vhat":
                keras.backend.set_value(variable, full(variable, {"m": 1000, "v": 2000}[kind] + trained[int(i)]))
        return
    optimizer.iterations.assign(UPDATES)
    for i, variable in enumerate(model.trainable_weights):
        if hasattr(optimizer, "get_slot"):
            m, v = optimizer.get_slot(variable, "m"), optimizer.get_slot(variable, "v")
        else:
            m, v = optimizer._momentums[i], optimizer._velocities[i]
        m.assign(full(m, 1000 + trained[i]))
        v.assign(full(v, 2000 + trained[i]))


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def dump(file, with_config):
    found = {"attributes": [], "datasets": [], "scalars": []}

    def visit(path, item):
        for key, value in item.attrs.items():
            if key == "model_config":
                continue
            found["attributes"].append([path, key, [text(v) for v in value] if isinstance(value, np.ndarray) else text(value)])
        if not isinstance(item, h5py.Dataset):
            return
        if item.shape == ():
            found["scalars"].append([path, item.dtype.name, item[()].item()])
        else:
            found["datasets"].append([path, list(item.shape), int(np.asarray(item[()]).flat[0])])

    with h5py.File(file, "r") as f:
        visit("", f)
        f.visititems(visit)
        if with_config:
            found["model_config"] = json.loads(text(f.attrs["model_config"]))
    return found


def files(keras):
    """(name, model and its weights in the order of layers, optimizer, file)"""
    if keras.__version__.startswith("2.3"):
        yield "keras2.3_model.h5", functional, keras.optimizers.Adam()
        return
    if keras.__name__ == "tf_keras":
        yield "tf_keras_legacy_adam.h5", functional, keras.optimizers.legacy.Adam()
        yield "tf_keras_nested.h5", nested, keras.optimizers.Adam()
        yield "tf_keras_model.h5", functional, keras.optimizers.Adam()
        yield "tf_keras.weights.h5", functional, keras.optimizers.Adam()
        return
    yield "keras3_model.h5", functional, keras.optimizers.Adam()
    yield "keras3.weights.h5", functional, keras.optimizers.Adam()


def stacks():
    for name in ("tf_keras", "keras"):
        try:
            yield __import__(name)
        except ImportError:
            pass


def write(path, found):
    with open(path, "w") as out:
        entries = []
        for name, parts in sorted(found.items()):
            rows = []
            for part, value in parts.items():
                if isinstance(value, list):
                    rows.append('  "%s": [\n   %s\n  ]' % (part, ",\n   ".join(json.dumps(row) for row in value)))
                else:
                    rows.append('  "%s": %s' % (part, json.dumps(value)))
            entries.append(' "%s": {\n%s\n }' % (name, ",\n".join(rows)))
        out.write("{\n" + ",\n".join(entries) + "\n}\n")


if __name__ == "__main__":
    (path,) = sys.argv[1:]
    found = json.load(open(path)) if os.path.exists(path) else {}
    with tempfile.TemporaryDirectory() as folder:
        for keras in stacks():
            for name, build, optimizer in files(keras):
                model, weights = build(keras)
                numbered(keras, model, weights, optimizer)
                file = os.path.join(folder, name)
                (model.save_weights if ".weights" in name else model.save)(file)
                found[name] = {"written_by": keras.__name__ + " " + keras.__version__}
                found[name].update(dump(file, keras.__version__.startswith("2.3")))
                keras.backend.clear_session()
                print(name, found[name]["written_by"], len(found[name]["datasets"]), flush=True)
    write(path, found)
