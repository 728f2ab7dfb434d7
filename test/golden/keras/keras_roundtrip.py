"""One Keras' part of the round trip: `node test/golden/keras/roundtrip.mjs` calls this with every Python it is given.

    python keras_roundtrip.py DIR

Loads the files that chexgpu wrote into DIR, predicts, trains on from Adam's state, writes files of its own
there, and notes what came out in DIR/results-<stack>.json, one for each Keras that this Python has:
Keras 2.3.1 on TensorFlow 1.15, tf_keras, Keras 3. chexgpu then reads those files and compares.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

import generated
from make_keras_h5 import checksum

PREDICT_SEED, SEED, BATCH, SIZE, STEPS, RATE = 7, 1, 4, 64, 3, 1e-5  # as in roundtrip.ts
LONG_NAME = "a_name_so_long_that_the_list_of_all_tensors_is_stored_in_pieces_" * 2


class Stack:
    """One Keras and what is called differently in it."""

    def __init__(self, keras, name):
        self.keras, self.name = keras, name
        self.version = keras.__version__
        self.legacy = name == "keras-2.3"
        self.results = {"stack": name, "version": self.version, "predictions": {}, "trained": {}, "files": {}, "sha256": {}}

    def densenet(self, weights=None):
        applications = self.keras.applications
        if self.legacy:
            return applications.densenet.DenseNet121(include_top=False, weights=weights, input_shape=(None, None, 3))
        return applications.DenseNet121(include_top=False, weights=weights, input_shape=(None, None, 3))

    def functional(self):
        base = self.densenet()
        layers = self.keras.layers
        x = layers.GlobalAveragePooling2D()(base.output)
        return self.keras.models.Model(base.input, layers.Dense(14, activation="sigmoid")(x))

    def nested(self, prefix=""):
        base = self.densenet()
        if prefix:
            models = self.keras.models

            def renamed(layer):
                config = layer.get_config()
                config["name"] = prefix + config["name"].replace("/", "_")
                return layer.__class__.from_config(config)

            base = models.clone_model(base, clone_function=renamed)
        layers = self.keras.layers
        image = layers.Input((SIZE, SIZE, 3))
        x = layers.GlobalAveragePooling2D()(base(image))
        return base, self.keras.models.Model(image, layers.Dense(14, activation="sigmoid")(x))

    def images(self):
        return generated.images(PREDICT_SEED, BATCH, SIZE)

    def predict(self, model, note):
        p = np.asarray(model.predict(self.images(), verbose=0), dtype="float64")
        self.results["predictions"][note] = p.ravel().tolist()
        print(self.name, note, "predicted", flush=True)

    def steps(self, model, count):
        losses = []
        for _ in range(count):
            out = model.train_on_batch(generated.images(SEED, BATCH, SIZE), generated.labels(SEED, BATCH))
            losses.append(float(np.ravel(out)[0]))
            if self.name == "keras-3":  # it gives the mean over the steps so far
                model.reset_metrics()
        return losses

    def clear(self):
        """Nothing after this needs the models before; TensorFlow 1 plans anew for all of them at every call."""
        self.keras.backend.clear_session()

    def weights_of(self, model):
        if self.legacy:  # in the order of layers as well, and in one run of the graph
            return model.get_weights()
        return [w for layer in model.layers for w in layer.get_weights()]


def weighted_loss(keras_backend):
    positive, negative = generated.loss_weights()
    K = keras_backend

    def loss(y_true, y_pred):
        total = 0.0
        for i in range(14):
            y, p = y_true[:, i], y_pred[:, i]
            total += -positive[i] * K.mean(y * K.log(p + 1e-7)) - negative[i] * K.mean((1 - y) * K.log(1 - p + 1e-7))
        return total

    return loss


def trained(stack, note, model, save):
    """Trains on, keeps the model as a file, and notes what the step after that does."""
    losses = stack.steps(model, STEPS)
    for file in save:
        (model.save_weights if ".weights" in file else model.save)(os.path.join(DIR, file))
    p = np.asarray(model.predict(stack.images(), verbose=0), dtype="float64")
    (loss,) = stack.steps(model, 1)
    q = np.asarray(model.predict(stack.images(), verbose=0), dtype="float64")
    entry = {"losses": losses, "p": p.ravel().tolist(), "nextLoss": loss, "nextP": q.ravel().tolist()}
    stack.results["trained"][note] = dict(entry, files=save)
    print(stack.name, note, losses, loss, flush=True)


def run(stack):
    keras, name = stack.keras, stack.name
    path = lambda file: os.path.join(DIR, file)
    note_sha = lambda note, arrays: stack.results["sha256"].update({note: checksum(arrays)})

    # Files written here, loaded by Keras.
    model = stack.functional()
    model.load_weights(path("chexgpu_keras2.h5"))
    stack.predict(model, "chexgpu_keras2.h5")
    note_sha("chexgpu_keras2.h5", stack.weights_of(model))
    stack.clear()
    base = stack.densenet(weights=path("chexgpu_base.h5"))
    note_sha("chexgpu_base.h5", stack.weights_of(base))
    stack.clear()
    model = keras.models.load_model(path("chexgpu_weights_and_model.h5"), compile=False)
    stack.predict(model, "chexgpu_weights_and_model.h5")
    if not stack.legacy:
        chunked = keras.models.load_model(path("chexgpu_chunked.h5"), compile=False)
        note_sha("chexgpu_chunked.h5", stack.weights_of(chunked))
        model = stack.functional()
        model.load_weights(path("chexgpu_keras3.weights.h5"))
        stack.predict(model, "chexgpu_keras3.weights.h5")
        note_sha("chexgpu_keras3.weights.h5", stack.weights_of(model))
        base = stack.densenet()
        base.load_weights(path("chexgpu_base.weights.h5"))
        note_sha("chexgpu_base.weights.h5", stack.weights_of(base))

    stack.clear()
    # Training on from the state in a file written here; then with a fresh Adam, which must differ.
    if name != "keras-3":
        model = keras.models.load_model(path("chexgpu_model.h5"))
        stack.predict(model, "chexgpu_model.h5")
        trained(stack, "as loaded", model, [name + "_model.h5"])
    else:
        model = keras.models.load_model(path("chexgpu_model.h5"))
        stack.predict(model, "chexgpu_model.h5")
        model = stack.functional()
        model.compile(keras.optimizers.Adam(), "binary_crossentropy")
        model.optimizer.build(model.trainable_variables)  # the file brings the learning rate
        model.load_weights(path("chexgpu_keras3.weights.h5"))
        trained(stack, "as loaded", model, [name + "_adam.weights.h5", name + "_model.h5"])
    stack.clear()
    model = stack.functional()
    model.load_weights(path("chexgpu_keras2.h5"))
    model.compile(keras.optimizers.Adam(RATE), "binary_crossentropy")
    files = {"keras-2.3": ["_fresh.h5"], "tf_keras": ["_fresh.h5", "_fresh.weights.h5"], "keras-3": ["_fresh.weights.h5"]}
    trained(stack, "fresh", model, [name + file for file in files[name]])
    if name == "tf_keras":
        model = keras.models.load_model(path("chexgpu_model.h5"))
        model.compile(model.optimizer, weighted_loss(keras.backend))
        trained(stack, "weighted loss", model, [])

    # Layouts without a state.
    stack.clear()
    base, model = stack.nested()
    set_all(stack, base, model)
    stack.predict(model, name + "_nested.h5")
    model.save(path(name + "_nested.h5"))
    if not stack.legacy:
        model.save_weights(path(name + "_nested.weights.h5"))
        stack.results["predictions"][name + "_nested.weights.h5"] = stack.results["predictions"][name + "_nested.h5"]
        base, model = stack.nested(LONG_NAME)
        set_all(stack, base, model)
        stack.predict(model, name + "_chunked.h5")
        model.save(path(name + "_chunked.h5"))
    stack.clear()
    if name != "keras-3":
        model = stack.functional()
        model.load_weights(path("chexgpu_keras2.h5"))
        model.save_weights(path(name + "_weights.h5"))
        stack.predict(model, name + "_weights.h5")
        base = stack.densenet(weights=path("chexgpu_base.h5"))
        base.save_weights(path(name + "_base.h5"))
        note_sha(name + "_base.h5", stack.weights_of(base))


def set_all(stack, base, model):
    """The weights of chexgpu_keras2.h5 into a base that is a layer of another model."""
    flat = stack.functional()
    flat.load_weights(os.path.join(DIR, "chexgpu_keras2.h5"))
    if stack.legacy:
        *inner, kernel, bias = flat.get_weights()
        base.set_weights(inner)
        model.layers[-1].set_weights([kernel, bias])
        return
    inner = [layer for layer in base.layers if layer.get_weights()]
    outer = [layer for layer in flat.layers if layer.get_weights()]
    for to, source in zip(inner + [model.layers[-1]], outer):
        to.set_weights(source.get_weights())


def stacks():
    try:
        import tf_keras

        yield Stack(tf_keras, "tf_keras")
    except ImportError:
        pass
    try:
        import keras

        yield Stack(keras, "keras-2.3" if keras.__version__.startswith("2.") else "keras-3")
    except ImportError:
        pass


if __name__ == "__main__":
    (DIR,) = sys.argv[1:]
    import tensorflow

    for stack in stacks():
        run(stack)
        stack.results["tensorflow"] = tensorflow.__version__
        with open(os.path.join(DIR, "results-" + stack.name + ".json"), "w") as out:
            json.dump(stack.results, out)
