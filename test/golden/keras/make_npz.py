"""Weights as NumPy writes them into .npz, for the tests of the reader: npz.json.

    python make_npz.py            writes npz.json
    python make_npz.py check X    opens the .npz file X and says whether it holds these weights

Nothing but NumPy is needed. The numbers come from a formula that test/densenet/weights/numpy/npzFormat.test.ts
has as well; they are exact in float16.
"""

import base64
import io
import json
import sys

import numpy as np

# The network TINY of test/densenet/weights/keras/h5Fixtures.ts, by Keras 2's names.
SHAPES = {
    "conv1/conv/kernel": (7, 7, 3, 8),
    **{f"conv1/bn/{t}": (8,) for t in ("gamma", "beta", "moving_mean", "moving_variance")},
    **{f"conv2_block1_0_bn/{t}": (8,) for t in ("gamma", "beta", "moving_mean", "moving_variance")},
    "conv2_block1_1_conv/kernel": (1, 1, 8, 8),
    **{f"conv2_block1_1_bn/{t}": (8,) for t in ("gamma", "beta", "moving_mean", "moving_variance")},
    "conv2_block1_2_conv/kernel": (3, 3, 8, 4),
    **{f"pool2_bn/{t}": (12,) for t in ("gamma", "beta", "moving_mean", "moving_variance")},
    "pool2_conv/kernel": (1, 1, 12, 6),
    **{f"conv3_block1_0_bn/{t}": (6,) for t in ("gamma", "beta", "moving_mean", "moving_variance")},
    "conv3_block1_1_conv/kernel": (1, 1, 6, 8),
    **{f"conv3_block1_1_bn/{t}": (8,) for t in ("gamma", "beta", "moving_mean", "moving_variance")},
    "conv3_block1_2_conv/kernel": (3, 3, 8, 4),
    **{f"bn/{t}": (10,) for t in ("gamma", "beta", "moving_mean", "moving_variance")},
    "dense_1/kernel": (10, 3),
    "dense_1/bias": (3,),
}


def values(key):
    count = int(np.prod(SHAPES[key]))
    numbers = (np.arange(count) * 31 + 7 * len(key)) % 1024 - 512
    if key.endswith("moving_variance"):
        numbers = abs(numbers)
    return (numbers / 256).astype("<f4").reshape(SHAPES[key])


def packed(save, arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return base64.b64encode(file.getvalue()).decode()


def flat(key):
    layer, tensor = key.rsplit("/", 1)
    return f"{layer.replace('/', '_')}/{tensor}".replace("dense_1/", "predictions/")


def make():
    weights = {key: values(key) for key in SHAPES}
    half = {key: value.astype("<f2") for key, value in weights.items() if "dense" not in key}
    one = np.arange(6, dtype="<f4").reshape(2, 3)
    files = {
        "keras2": packed(np.savez, {f"{key}:0": value for key, value in weights.items()}),
        "keras3": packed(np.savez_compressed, {flat(k): v.astype("<f8") for k, v in weights.items()}),
        "base": packed(np.savez_compressed, half),
        # Not to be read.
        "fortran": packed(np.savez, {"a/kernel": np.asfortranarray(one)}),
        "big": packed(np.savez, {"a/kernel": one.astype(">f4")}),
        "whole": packed(np.savez, {"a/kernel": one.astype("<i8")}),
        "fields": packed(np.savez, {"a/kernel": np.zeros(2, dtype=[("x", "<f4"), ("y", "<f4")])}),
        "unnamed": packed(np.savez, {"arr_0": one, "arr_1": one}),
    }
    with open("npz.json", "w") as file:
        json.dump({"numpy": np.__version__, "files": files}, file, indent=1)
        file.write("\n")


def check(path):
    with np.load(path) as found:
        assert list(found) == list(SHAPES), list(found)
        for key in SHAPES:
            assert found[key].dtype == np.float32 and found[key].shape == SHAPES[key], key
            assert np.array_equal(found[key], values(key)), key
    print(f"{path}: all {len(SHAPES)} arrays, bit for bit")


if sys.argv[1:2] == ["check"]:
    check(sys.argv[2])
else:
    make()
