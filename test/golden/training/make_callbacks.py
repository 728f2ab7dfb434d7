"""What tf_keras' own callbacks do on recorded logs, to check src/training/callbacks against.

    python make_callbacks.py callbacks.json

Nothing is trained: each callback is driven through epochs (and steps) as `fit` drives it, beside a model that only has
a learning rate in float32, and whose weights in an epoch are that epoch's number. Hand-made cases first, then random
ones. NaN and infinities stand as texts.
"""
import json
import math
import os
import random
import sys
import tempfile

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import tf_keras
from tf_keras.callbacks import (
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

NAN, INF = float("nan"), float("inf")
random.seed(20)


class Optimizer:
    def __init__(self):
        self.lr = tf.Variable(1e-3, dtype=tf.float32)


class Model:
    """What callbacks call of a model."""

    distribute_strategy = tf.distribute.get_strategy()

    def __init__(self):
        self.optimizer = Optimizer()
        self.stop_training = False
        self.weights = 0
        self.saved = []

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, **_):
        self.saved.append([path, "full"])

    def save_weights(self, path, **_):
        self.saved.append([path, "weights"])

    @property
    def rate(self):
        return float(self.optimizer.lr.numpy())


def drive(callback, epochs, steps=0, each=lambda epoch, model, logs: None):
    """The loop of `fit`. epochs: logs of each; steps: losses of each epoch's steps, or none. Returns the model and the
    epoch and step that it was stopped in."""
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    stopped = None
    for epoch, logs in enumerate(epochs):
        model.weights = epoch
        callback.on_epoch_begin(epoch, {})
        total = 0.0
        for step, loss in enumerate(steps[epoch] if steps else []):
            total += loss
            callback.on_train_batch_end(step, {"loss": total / (step + 1)})
            if model.stop_training:
                stopped = [epoch, step]
                break
        logs = dict(logs)
        callback.on_epoch_end(epoch, logs)
        each(epoch, model, logs)
        if model.stop_training:
            stopped = stopped or [epoch, None]
            break
    callback.on_train_end({})
    return model, stopped


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


SNAKE = {
    "minDelta": "min_delta",
    "startFromEpoch": "start_from_epoch",
    "minLr": "min_lr",
    "saveBestOnly": "save_best_only",
    "saveWeightsOnly": "save_weights_only",
    "saveFreq": "save_freq",
    "initialValueThreshold": "initial_value_threshold",
}
keras_options = lambda options: {SNAKE.get(key, key): value for key, value in options.items()}
logs_of = lambda series, monitor="val_loss": [{"loss": 9.0, monitor: value} for value in series]


def draw(length, nan=0.0):
    """A walk on a grid, so that ties are many."""
    value, series = 0.7, []
    for _ in range(length):
        value = min(1.0, max(0.0, value + random.choice([-0.15, -0.1, -0.05, 0.0, 0.0, 0.05, 0.1])))
        series.append(NAN if random.random() < nan else round(value, 2))
    return series


def early_stopping():
    down = [1.0, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99]
    cases = [({"patience": patience}, down) for patience in [0, 1, 2, 3, 9]]
    cases += [
        ({}, [1.0]),
        ({}, [NAN]),
        ({"patience": 1}, [NAN, NAN, 0.5]),
        ({"patience": 2}, [1.0, NAN, 0.9, NAN, NAN, 0.8]),
        ({"patience": 1}, [INF, INF, 1.0]),
        ({"patience": 1}, [0.3, 0.3]),
        ({"patience": 1}, [0.5, 0.4, 0.5]),
        ({"patience": 2, "minDelta": 0.1}, [1.0, 0.95, 0.85, 0.8, 0.75, 0.74, 0.73]),
        # On the edge: 0.25 steps are exact, 0.1 steps are not.
        ({"patience": 1, "minDelta": 0.25}, [1.0, 0.75, 0.5, 0.25]),
        ({"patience": 1, "minDelta": 0.1}, [0.5, 0.4, 0.3, 0.2, 0.1]),
        ({"patience": 1, "minDelta": 0.1, "mode": "max"}, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ({"patience": 2, "mode": "max"}, [0.5, 0.6, 0.6, 0.55, 0.7]),
        ({"patience": 2, "monitor": "val_auc", "mode": "auto"}, [0.5, 0.6, 0.6, 0.55, 0.7]),
        ({"patience": 2, "monitor": "val_acc", "mode": "auto"}, [0.5, 0.4, 0.3, 0.6]),
        ({"patience": 3, "baseline": 0.5}, [1.0, 0.8, 0.9, 0.4, 0.45, 0.46, 0.47, 0.3]),
        ({"patience": 2, "baseline": 0.5}, [0.7, 0.6, 0.55, 0.54, 0.55, 0.4]),
        ({"patience": 0, "baseline": 0.5}, [0.7, 0.4, 0.41]),
        ({"patience": 2, "baseline": 0.5}, [0.7, 0.8, 0.9]),
        ({"patience": 2, "mode": "max", "baseline": 0.5}, [0.4, 0.6, 0.55, 0.6, 0.7]),
        ({"patience": 1, "baseline": 0.5, "minDelta": 0.25}, [0.25, 0.26, 0.1]),
        ({"patience": 1, "startFromEpoch": 3}, [0.1, 0.2, 0.3, 0.4, 0.35, 0.36]),
        ({"patience": 2, "startFromEpoch": 2}, [0.1, 0.2, NAN, NAN, 0.9]),
        ({"patience": 2, "startFromEpoch": 9}, [0.1, 0.2, 0.3]),
        ({"patience": 0, "startFromEpoch": 1}, [0.1, 0.5, 0.6]),
    ]
    for _ in range(60):
        options = {"patience": random.randint(0, 4)}
        if random.random() < 0.5:
            options["minDelta"] = random.choice([0.05, 0.1, 0.125])
        if random.random() < 0.4:
            options["mode"] = "max"
        if random.random() < 0.4:
            options["baseline"] = random.choice([0.3, 0.5, 0.7])
        if random.random() < 0.3:
            options["startFromEpoch"] = random.randint(1, 5)
        cases.append((options, draw(16, nan=random.choice([0, 0.2]))))
    found = []
    for options, series in cases:
        for restore in [False, True]:
            callback = EarlyStopping(restore_best_weights=restore, **keras_options(options))
            model, stopped = drive(callback, logs_of(series, options.get("monitor", "val_loss")))
            case = {"options": options, "restore": restore, "series": series, "stopped": stopped and stopped[0]}
            case["left"] = model.weights
            case["best"] = float(callback.best) if hasattr(callback, "best") else None
            found.append(case)
    return found


def reduce_lr():
    plateau = [1.0, 0.9, 0.95, 0.96, 0.97, 0.98, 0.89, 0.88995, 0.88996, 0.95, 0.96]
    cases = [
        ({"patience": 2, "factor": 0.5, "cooldown": 1}, plateau),
        ({"patience": 2, "factor": 0.5}, plateau),
        ({"patience": 0, "factor": 0.5}, plateau),
        ({"patience": 1, "factor": 0.5, "cooldown": 3}, [0.5] * 12),
        ({"patience": 1, "factor": 0.1, "minLr": 1e-5}, [0.5] * 8),
        ({"patience": 1, "factor": 0.1, "minLr": 1e-5, "cooldown": 2}, [0.5] * 10 + [0.4] + [0.5] * 6),
        ({"patience": 1, "factor": 0.1, "minLr": 1e-3}, [0.5] * 4),
        ({"patience": 1, "factor": 0.1, "minLr": 0.5}, [0.5] * 4),
        ({"patience": 1, "factor": 0.0}, [0.5] * 4),
        ({}, [0.5] * 14),
        ({"patience": 2, "minDelta": 0.25}, [1.0, 0.75, 0.5, 0.25, 0.0]),
        ({"patience": 2, "minDelta": 0.1}, [0.5, 0.4, 0.3, 0.2, 0.1]),
        ({"patience": 2, "minDelta": 0.0}, [0.5, 0.5, 0.4, 0.4, 0.4]),
        ({"patience": 2}, [NAN, NAN, 0.5, NAN, NAN, NAN]),
        ({"patience": 2, "mode": "max", "factor": 0.25}, [0.5, 0.6, 0.6, 0.55, 0.7, 0.7, 0.7]),
        ({"patience": 2, "monitor": "val_acc", "mode": "auto"}, [0.5, 0.6, 0.5, 0.4, 0.7]),
    ]
    for _ in range(40):
        options = {"patience": random.randint(0, 3), "factor": random.choice([0.1, 0.5, 0.9])}
        options["cooldown"] = random.randint(0, 3)
        if random.random() < 0.5:
            options["minDelta"] = random.choice([0.0, 0.05, 0.1])
        if random.random() < 0.4:
            options["mode"] = "max"
        if random.random() < 0.4:
            options["minLr"] = random.choice([1e-4, 3e-5, 1e-6])
        cases.append((options, draw(24, nan=random.choice([0, 0.1]))))
    found = []
    for options, series in cases:
        rates, logged = [], []

        def each(_, model, logs):
            rates.append(model.rate)
            logged.append(float(logs["lr"]))

        drive(ReduceLROnPlateau(**keras_options(options)), logs_of(series, options.get("monitor", "val_loss")), each=each)
        found.append({"options": options, "series": series, "rates": rates, "logged": logged})
    return found


def model_checkpoint():
    name = "{epoch:02d}-{val_loss:.3f}.h5"
    series = [0.9, 0.8, 0.8, 0.85, NAN, 0.79999, 0.5, 0.6]
    steps = [[0.9, 0.7, 0.8], [0.5, 0.6, 0.4], [0.1, 0.9, 0.3], [0.2, 0.2, 0.2]]
    cases = [
        ({}, name, series, 0),
        ({"saveWeightsOnly": True}, name, series, 0),
        ({"saveBestOnly": True}, name, series, 0),
        ({"saveBestOnly": True, "saveWeightsOnly": True}, "best.h5", series, 0),
        ({"saveBestOnly": True, "mode": "max"}, name, series, 0),
        ({"saveBestOnly": True, "initialValueThreshold": 0.8}, name, series, 0),
        ({"saveBestOnly": True, "mode": "max", "initialValueThreshold": 0.84}, name, series, 0),
        ({"saveBestOnly": True, "monitor": "loss"}, "{epoch}-{loss}.h5", series, 0),
        ({"saveBestOnly": True, "monitor": "val_acc"}, "{epoch:03d}{{x}}{val_acc:8.1f}%{val_acc:.2%}.h5", series, 0),
        ({"saveFreq": 2}, "{epoch}.{batch:02d}-{loss:.3e}.h5", series[:4], steps),
        ({"saveFreq": 3}, "{epoch}.{batch}.h5", series[:4], steps),
        ({"saveFreq": 5, "saveWeightsOnly": True}, "{epoch}.{batch}.h5", series[:4], steps),
        ({"saveFreq": 1, "saveBestOnly": True, "monitor": "loss"}, "{epoch}.{batch}-{loss}.h5", series[:4], steps),
    ]
    for _ in range(20):
        options = {"saveBestOnly": True, "mode": random.choice(["min", "max"])}
        if random.random() < 0.3:
            options["initialValueThreshold"] = random.choice([0.4, 0.6])
        cases.append((options, name, draw(12, nan=random.choice([0, 0.2])), 0))
    found = []
    for options, file, series, steps in cases:
        callback = ModelCheckpoint(file, **keras_options(options))
        model, _ = drive(callback, logs_of(series, options.get("monitor", "val_loss")), steps)
        case = {"options": options, "file": file, "monitor": options.get("monitor", "val_loss"), "series": series}
        found.append({**case, "steps": steps or None, "saved": model.saved, "best": float(callback.best)})
    return found


def csv_logger():
    whole = [{"loss": 1 / (3 + i), "lr": 1e-5 * i, "val_loss": 0.5**i, "val_auc": 1 - 0.1 * i} for i in range(12)]
    odd = [
        {"val_auc_No, Finding": 0.1 + 0.2, 'val_auc_"x"': 1e-7, "b": 1e22, "Z": -0.0, "a": NAN, "val_loss": INF},
        {"b": 1.0, "new": 5.0},
        {"val_auc_No, Finding": -INF, "Z": 123456789.125, "val_loss": 1e16},
    ]
    no_validation = [{"loss": 0.5, "lr": 0.001}, {"loss": 0.25, "lr": 0.001, "val_loss": 0.75}]
    cases = [
        ({}, whole),
        ({"separator": ";"}, odd),
        ({}, odd),
        ({"separator": "\t"}, whole[:3]),
        ({}, no_validation),
        ({"append": True}, whole[:2]),
    ]
    found = []
    for options, logs in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log.csv")
            before = ""
            if options.get("append"):
                before = "epoch,loss\r\n0,1.0\r\n"
                with open(path, "w", newline="") as file:
                    file.write(before)
            drive(CSVLogger(path, **options), logs)
            with open(path, newline="") as file:
                text = file.read()
        assert text.startswith(before)
        found.append({"options": options, "logs": logs, "text": text[len(before) :]})
    return found


def terminate_on_nan():
    cases = [
        [[1.0, 0.5], [0.4, 0.3]],
        [[1.0, NAN], [0.4, 0.3]],
        [[1.0, 0.5], [INF, 0.3]],
        [[-INF, 0.5], [0.4, 0.3]],
        [[1.0, 0.5], [0.4, NAN]],
    ]
    return [{"steps": steps, "stopped": drive(TerminateOnNaN(), [{}] * 2, steps)[1]} for steps in cases]


def scheduler():
    """rate(epoch, rate before) = rate / 2 every third epoch."""
    rates, logged = [], []

    def each(_, model, logs):
        rates.append(model.rate)
        logged.append(float(logs["lr"]))

    drive(LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch % 3 == 2 else rate), [{"loss": 1.0}] * 8, each=each)
    return {"rates": rates, "logged": logged}


golden = {
    "version": tf_keras.__version__,
    "earlyStopping": early_stopping(),
    "reduceLROnPlateau": reduce_lr(),
    "modelCheckpoint": model_checkpoint(),
    "csvLogger": csv_logger(),
    "terminateOnNaN": terminate_on_nan(),
    "learningRateScheduler": scheduler(),
}
with open(sys.argv[1], "w") as file:
    json.dump(plain(golden), file)
