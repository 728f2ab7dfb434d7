"""Kinds of datasets that h5py writes and h5wasm cannot, for the tests of the reader.

    python make_hdf5_kinds.py hdf5_kinds.json

One small HDF5 file, gzipped and in base64, with a dataset of each kind; its numbers are 1, -2.5, 0.125, 1024, or
0, 1, 2, ... where it is compressed, and where they repeat so that they really are. And one file behind a user block.
"""
import base64
import gzip
import io
import json
import sys

import h5py
import ml_dtypes
import numpy as np

VALUES = [1, -2.5, 0.125, 1024]


def packed(fill, **kwargs):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **kwargs) as file:
        fill(file)
    return base64.b64encode(gzip.compress(buffer.getvalue(), 9, mtime=0)).decode()


def kinds(file):
    for name in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<i4", "<u2", "<c8"):
        file[name] = np.array(VALUES).astype(name)
    file["f16"] = np.array(VALUES, np.longdouble)
    file.create_dataset("bfloat16", data=np.array(VALUES, ml_dtypes.bfloat16)).attrs["dtype"] = "bfloat16"
    file.create_dataset("opaque", data=np.array(VALUES, ml_dtypes.bfloat16))
    file["text"] = "1"
    file["empty"] = h5py.Empty("f4")
    numbers = np.repeat(np.arange(8, dtype="f4"), 128)
    for filters in (
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "lzf"},
        {"compression": "lzf", "shuffle": True},
        {"scaleoffset": 3},
    ):
        name = " ".join(str(f) for f in filters.values())
        file.create_dataset(name, data=numbers, chunks=(1000,), **filters)
    # Of numbers that lzf does not make fewer it keeps none.
    file.create_dataset("lzf in vain", data=np.random.RandomState(1).rand(8).astype("f4"), compression="lzf")
    file.create_dataset("vast", shape=(4,), maxshape=(None,), chunks=(1 << 28,), dtype="f4")
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(4,))
    file.create_virtual_dataset("virtual", layout)
    file.create_dataset("external", shape=(4,), dtype="f4", external=[("elsewhere.bin", 0, 16)])


def behind(file):
    file["x"] = np.array(VALUES, "f4")


if __name__ == "__main__":
    files = {"kinds": packed(kinds), "user block": packed(behind, userblock_size=1024)}
    files["user block, latest"] = packed(behind, userblock_size=512, libver="latest")
    with open(sys.argv[1], "w") as out:
        json.dump({"h5py": h5py.__version__, "files": files}, out, indent=1)
        out.write("\n")
