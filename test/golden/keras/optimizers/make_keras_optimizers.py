"""What real Keras files hold of the state of other optimizers than Adam: for the network of make_keras_models.py

    python make_keras_optimizers.py keras_optimizers.json

adds what the Kerases of this Python write to keras_optimizers.json, after make_keras_models.py. Only attributes and
datasets of the optimizer are kept; the rest is as in the file of keras_models.json that `like` names. Slot s of the
i-th tensor is filled with 1000 s + i, s from 1.
"""
import json
import os
import sys
import tempfile

import numpy as np

sys.path.insert(0, "..")
from make_keras_models import UPDATES, X, Y, dump, functional, stacks, write

SGD = {"learning_rate": 0.05, "momentum": 0.75, "nesterov": True}
ADAMW = {"learning_rate": 0.002, "weight_decay": 0.25}


def files(keras):
    """(name, file of keras_models.json whose layout it has, optimizer)"""
    optimizers = keras.optimizers
    if keras.__version__.startswith("2.3"):
        like = "keras2.3_model.h5"
        yield "keras2.3_sgd.h5", like, optimizers.SGD(**SGD)
        yield "keras2.3_sgd_plain.h5", like, optimizers.SGD(0.05)
        yield "keras2.3_adagrad.h5", like, optimizers.Adagrad()
    elif keras.__name__ == "tf_keras":
        yield "tf_keras_legacy_sgd.h5", "tf_keras_legacy_adam.h5", optimizers.legacy.SGD(**SGD)
        yield "tf_keras_legacy_sgd_plain.h5", "tf_keras_legacy_adam.h5", optimizers.legacy.SGD(0.05)
        like = "tf_keras_model.h5"
        yield "tf_keras_sgd.h5", like, optimizers.SGD(**SGD)
        yield "tf_keras_sgd_plain.h5", like, optimizers.SGD(0.05)
        yield "tf_keras_adamw.h5", like, optimizers.AdamW(**ADAMW)
        yield "tf_keras_sgd.weights.h5", "tf_keras.weights.h5", optimizers.SGD(**SGD)
        yield "tf_keras_adamw.weights.h5", "tf_keras.weights.h5", optimizers.AdamW(**ADAMW)
    else:
        yield "keras3_sgd.h5", "keras3_model.h5", optimizers.SGD(**SGD)
        yield "keras3_sgd_plain.h5", "keras3_model.h5", optimizers.SGD(0.05)
        yield "keras3_adamw.h5", "keras3_model.h5", optimizers.AdamW(**ADAMW)
        yield "keras3_sgd.weights.h5", "keras3.weights.h5", optimizers.SGD(**SGD)
        yield "keras3_sgd_plain.weights.h5", "keras3.weights.h5", optimizers.SGD(0.05)
        yield "keras3_adamw.weights.h5", "keras3.weights.h5", optimizers.AdamW(**ADAMW)
        yield "keras3_rmsprop.weights.h5", "keras3.weights.h5", optimizers.RMSprop()


def slots(keras, optimizer, model):
    """Per slot its variables, in the order of the model's trainable weights."""
    if keras.__version__.startswith("2.3"):
        moments = [w for w in optimizer.weights if w.shape.ndims]
        return [moments] if moments else []
    if hasattr(optimizer, "get_slot_names"):
        return [[optimizer.get_slot(w, name) for w in model.trainable_weights] for name in optimizer.get_slot_names()]
    found = [getattr(optimizer, name, []) for name in ("momentums", "_momentums", "_velocities")]
    return [variables for variables in found if len(variables) > 0][: 2 if type(optimizer).__name__ == "AdamW" else 1]


def numbered(keras, model, weights, optimizer):
    """Trains once, so that the optimizer has its variables; then numbers everything."""
    model.compile(optimizer, "binary_crossentropy")
    model.train_on_batch(X, Y)
    number = {id(w): i + 1 for i, w in enumerate(weights)}
    trained = [number[id(w)] for w in model.trainable_weights]
    full = lambda variable, value: np.full([int(n) for n in variable.shape], value, "float32")
    set_value = keras.backend.set_value if keras.__version__.startswith("2.3") else lambda v, x: v.assign(x)
    for w in weights:
        set_value(w, full(w, number[id(w)]))
    for s, variables in enumerate(slots(keras, optimizer, model), 1):
        for variable, i in zip(variables, trained):
            set_value(variable, full(variable, 1000 * s + i))
    set_value(optimizer.iterations, UPDATES)


def of_optimizer(row):
    return row[0].startswith("optimizer") or row[1] == "training_config"


def of_model(row):
    return not of_optimizer(row) and not row[0].startswith("metrics")


if __name__ == "__main__":
    (path,) = sys.argv[1:]
    found = json.load(open(path)) if os.path.exists(path) else {}
    models = json.load(open("../keras_models.json"))
    with tempfile.TemporaryDirectory() as folder:
        for keras in stacks():
            for name, like, optimizer in files(keras):
                model, weights = functional(keras)
                numbered(keras, model, weights, optimizer)
                file = os.path.join(folder, name)
                (model.save_weights if ".weights" in name else model.save)(file)
                parts = dump(file, False)
                for part, rows in parts.items():
                    rest = [row for row in rows if of_model(row)]
                    same = [row for row in models[like].get(part, []) if of_model(row)]
                    assert rest == same, (name, part)
                found[name] = {"written_by": keras.__name__ + " " + keras.__version__, "like": like}
                found[name].update({part: [row for row in rows if of_optimizer(row)] for part, rows in parts.items()})
                keras.backend.clear_session()
                print(name, len(found[name]["datasets"]), flush=True)
    write(path, found)
