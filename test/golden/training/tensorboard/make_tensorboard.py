"""What TensorFlow's and TensorBoard's own writers put into event files, to check src/training/tensorboard against.

    python make_tensorboard.py [tensorboard.json]

records: whole TFRecords, as they stand in the files of tf.summary, with what they were made from. keras: runs, tags, steps
and values that tf_keras' TensorBoard callback wrote of a small training, with the logs that it was given.
"""
import base64
import glob
import json
import os
import struct
import sys
import tempfile

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorboard
import tensorflow as tf
import tf_keras
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.hparams import api_pb2, summary
from tensorboard.util import tensor_util

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


def records_of(folder):
    """[(bytes of the record, Event)] of the one file in a folder."""
    (path,) = glob.glob(f"{folder}/events*")
    data = open(path, "rb").read()
    found = []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        found.append((data[: 16 + length], tf.compat.v1.Event.FromString(data[12 : 12 + length])))
        data = data[16 + length :]
    return found


def written(write):
    """The records that `write` makes in a file of its own, without the first, which says the version."""
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        with writer.as_default():
            write()
        writer.close()
        return records_of(folder)[1:]


def raw(pb, step=0):
    return lambda: tf.summary.experimental.write_raw_pb(pb.SerializeToString(), step=step)


HISTOGRAMS = {
    "mixed": [0.5, -1.25, 3.0, 2.9999, 0.1, 0.1, -0.7, 1e-3],
    "one value": [0.25, 0.25, 0.25],
    "single": [-2.0],
    "wide": np.float32(np.linspace(-1, 1, 200) ** 3).tolist(),
    "on the edges": [i / 30 for i in range(31)],
}


def record_cases():
    cases = []

    def add(kind, write, **given):
        for record, event in written(write):
            text = base64.b64encode(record).decode()
            cases.append({"kind": kind, **given, "wallTime": event.wall_time, "record": text})

    for value, step in [(0.125, 0), (-3.7, 1), (float("nan"), 300), (1e-30, 2**40)]:
        given = None if np.isnan(value) else value
        add("scalar", lambda: tf.summary.scalar("epoch_loss", value, step=step), tag="epoch_loss", value=given, step=step)
    for name, values in HISTOGRAMS.items():
        data = np.array(values, np.float32)
        add("histogram", lambda: tf.summary.histogram(name, data, step=2), tag=name, values=data.tolist(), step=2)
    add("text", lambda: tf.summary.text("befund", "Ergu\u00df `x`", step=0), tag="befund", text="Ergu\u00df `x`", step=0)
    # tf.summary.image encodes by itself: the tensor is written as it would be, with these bytes of a PNG.
    from tensorboard.plugins.image import metadata as image_metadata

    meta = image_metadata.create_summary_metadata(display_name=None, description=None)
    strings = tf.constant([b"1", b"1", PNG])
    add(
        "image",
        lambda: tf.summary.write(tag="roc", tensor=strings, step=4, metadata=meta),
        tag="roc",
        width=1,
        height=1,
        png=base64.b64encode(PNG).decode(),
        step=4,
    )
    # One at a time: protobuf writes a map in no certain order.
    for value in [8, 0.0, 1e-5, False, True, "adam"]:
        start = hp.hparams_pb({"p": value}, trial_id="trial", start_time_secs=1700000000.5)
        add("hparams start", raw(start), hparams={"p": value}, group="trial", time=1700000000.5, step=0)
    end = summary.session_end_pb(api_pb2.STATUS_FAILURE, end_time_secs=1700000009.25)
    add("hparams end", raw(end), status="failure", time=1700000009.25, step=0)
    return cases


LOGS = {
    "rates": [0.01, 0.005],
    "stepsPerEpoch": 3,
    "validationSteps": 2,
}


class Recorder(tf_keras.callbacks.Callback):
    """What the callbacks are told, in order."""

    def __init__(self):
        super().__init__()
        self.steps = []
        self.epochs = []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append({k: float(v) for k, v in logs.items()})

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append({k: float(v) for k, v in logs.items()})


def keras_case():
    """Per run: tag -> plugin, and [step, value] of scalars; of histograms the steps and the shape."""
    tf_keras.utils.set_random_seed(3)
    layers = [tf_keras.layers.Dense(2, name="logits", input_shape=(4,))]
    model = tf_keras.Sequential(layers)
    model.compile(tf_keras.optimizers.legacy.SGD(LOGS["rates"][0]), "mse")
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    y = x[:, :2] * 0.5
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        board = tf_keras.callbacks.TensorBoard(folder, histogram_freq=1, update_freq="batch", write_graph=False)
        schedule = tf_keras.callbacks.LearningRateScheduler(lambda epoch: LOGS["rates"][epoch])
        callbacks = [schedule, recorder, board]
        model.fit(x, y, 4, 2, verbose=0, validation_data=(x[:8], y[:8]), callbacks=callbacks, shuffle=False)
        runs = {}
        for run in sorted(os.listdir(folder)):
            tensors = event_accumulator.EventAccumulator(f"{folder}/{run}", {"tensors": 0}).Reload()
            tags = {}
            for tag in tensors.Tags()["tensors"]:
                plugin = tensors.SummaryMetadata(tag).plugin_data.plugin_name
                events = tensors.Tensors(tag)
                arrays = [tensor_util.make_ndarray(event.tensor_proto) for event in events]
                steps = [event.step for event in events]
                own = {"shape": list(arrays[0].shape)} if plugin == "histograms" else {"values": [float(a) for a in arrays]}
                tags[tag] = {"plugin": plugin, "dtype": str(arrays[0].dtype), "steps": steps, **own}
            runs[run] = tags
    return {**LOGS, "stepLogs": recorder.steps, "epochLogs": recorder.epochs, "runs": runs}


def main(path):
    blobs = [b"", b"a", bytes(32), bytes(range(256)), b"The quick brown fox" * 50]
    result = {
        "versions": {
            "tensorboard": tensorboard.version.VERSION,
            "tensorflow": tf.__version__,
            "tf_keras": tf_keras.__version__,
        },
        "crc": [{"bytes": base64.b64encode(b).decode(), "masked": masked_crc32c(b)} for b in blobs],
        "records": record_cases(),
        "keras": keras_case(),
    }
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


main(sys.argv[1] if len(sys.argv) > 1 else "tensorboard.json")
