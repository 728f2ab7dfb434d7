"""What Keras' ImageDataGenerator really gives, for test/data/generator/augmentation.test.ts and its neighbours.

    python make_generator.py          adds or renews, in generator.json, the section of the generator that is
                                      installed: keras_preprocessing (1.1.0 or 1.1.2), else tf_keras's own.
                                      Run it once in an environment of each. With CHEXGPU_DATA=DIR it also renews
                                      the facts about real X-rays: checksums and a few numbers.

The PNGs are made here, from formulas that test/support/golden/generatorGolden.ts repeats. Nobody needs this script to
build, to test or to use the project.
"""
import hashlib
import json
import os
import re
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import pandas as pd
import PIL
import scipy
from PIL import Image

import generated

try:
    import keras_preprocessing
    from keras_preprocessing.image import ImageDataGenerator, img_to_array, load_img

    PACKAGE, RULES = f"keras-preprocessing {keras_preprocessing.__version__}", keras_preprocessing.__version__
except ImportError:
    import tf_keras
    from tf_keras.preprocessing.image import ImageDataGenerator, img_to_array, load_img

    PACKAGE, RULES = f"tf_keras {tf_keras.__version__}", "tf.keras"

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "generator.json")
FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
KINDS = ["gray", "rgb", "gray16", "palette", "rgba", "gray"]
COUNT = 12

# Options under the names of src/data/generator/augmentation.ts. {"pixels": n} is Python's float n.
ALONE = {
    "rotation": {"rotationRange": 25},
    "height shift, share": {"heightShiftRange": 0.3},
    "width shift, share": {"widthShiftRange": 0.3},
    "height shift, whole number": {"heightShiftRange": 6},
    "width shift, whole number": {"widthShiftRange": 9},
    "width shift, one": {"widthShiftRange": 1},
    "height shift, float pixels": {"heightShiftRange": {"pixels": 4.0}},
    "width shift, fraction above one": {"widthShiftRange": 7.5},
    "height shift, list": {"heightShiftRange": [-5, 2, 8]},
    "width shift, list of shares": {"widthShiftRange": [-0.25, 0.125]},
    "shear": {"shearRange": 20},
    "zoom": {"zoomRange": 0.4},
    "zoom, range": {"zoomRange": [0.5, 2.5]},
    "channel shift": {"channelShiftRange": 60},
    "brightness": {"brightnessRange": [0.4, 1.8]},
    "flips": {"horizontalFlip": True, "verticalFlip": True},
}
AFFINE = {
    "rotationRange": 30,
    "widthShiftRange": 0.2,
    "heightShiftRange": 0.1,
    "shearRange": 15,
    "zoomRange": [0.7, 1.6],
}
ALL = {
    **AFFINE,
    "horizontalFlip": True,
    "verticalFlip": True,
    "channelShiftRange": 30,
    "brightnessRange": [0.5, 1.5],
}
MODEST = {"rotationRange": 10, "widthShiftRange": 0.1, "heightShiftRange": 3, "zoomRange": 0.1, "horizontalFlip": True}
SEEDS = [0, 7, 123456789]


def keras_options(options):
    """The same for ImageDataGenerator."""
    out = {}
    for name, value in options.items():
        key = re.sub("[A-Z]", lambda letter: "_" + letter.group().lower(), name)
        out[key] = float(value["pixels"]) if isinstance(value, dict) else value
    return out


def size_of(k):
    return 24 + k * 17 % 31, 24 + k * 11 % 29


def samples(key, count, top):
    """Whole numbers 0..top."""
    return np.minimum(np.floor(generated.uniform(6, key, (count,), 0, top + 1)), top)


def draw_png(k):
    (width, height), kind = size_of(k), KINDS[k % len(KINDS)]
    channels = {"rgb": 3, "rgba": 4}.get(kind, 1)
    # 16-bit gray is clipped at 255, so that most of it should be small.
    top = 600 if kind == "gray16" else 255
    values = samples(f"png {k}", width * height * channels, top)
    shape = (height, width) if channels == 1 else (height, width, channels)
    image = Image.fromarray(values.reshape(shape).astype("uint16" if kind == "gray16" else "uint8"))
    if kind == "palette":
        image = Image.fromarray(values.reshape(shape).astype("uint8"), "P")
        image.putpalette(list(samples(f"palette {k}", 768, 255).astype(int)))
    return image


def name_of(k):
    return f"{k:08d}_000.png"


def checksum(image):
    return hashlib.sha256(np.asarray(image, dtype="uint8").tobytes()).hexdigest()[:16]


def short(value):
    return float(f"{float(value):.9g}")


def summary(x, count=16):
    """Enough numbers of an array to know it by; the last feels every exchange of two pixels."""
    flat = np.asarray(x, dtype="float64").ravel()
    at = (np.arange(count) * 7919 + 13) % flat.size
    moment = (flat * (np.arange(flat.size) % 97 + 1)).sum() / flat.size
    return [short(v) for v in (*flat[at], flat.mean(), flat.std(), moment)]


def resizing(folder):
    """Checksums of every PNG at every filter, shrunk and stretched."""
    return {
        f"{width}x{height} {name}": [
            checksum(load_img(f"{folder}/{name_of(k)}", target_size=(height, width), interpolation=name))
            for k in range(COUNT)
        ]
        for width, height in ((13, 17), (40, 11), (45, 64), (24, 70))
        for name in FILTERS
    }


def transform_list(t):
    keys = ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical")
    rest = [t[key] for key in ("channel_shift_intensity", "brightness")]
    return [float(t[key]) for key in keys] + [None if v is None else float(v) for v in rest]


def draws():
    cases = [*ALONE.values(), AFFINE, ALL, {}]
    out = []
    for options in cases:
        generator = ImageDataGenerator(**keras_options(options))
        drawn = [transform_list(generator.get_random_transform((37, 53, 3), seed)) for seed in SEEDS]
        # The number that comes next says how many were drawn.
        out.append({"options": options, "drawn": drawn, "next": np.random.random()})
    return out


def transforms(folder):
    def case(options, k, seed=None, transform=None):
        generator = ImageDataGenerator(**keras_options(options))
        x = img_to_array(load_img(f"{folder}/{name_of(k)}"))
        given = x.copy()
        y = generator.random_transform(x, seed) if transform is None else generator.apply_transform(x, transform)
        assert (x == given).all()
        return {"options": options, "image": k, "seed": seed, "transform": transform, "x": summary(y)}

    out = [case(options, k, seed) for options in ALONE.values() for k, seed in ((0, 5), (1, 6))]
    for mode in ("nearest", "constant", "reflect", "wrap"):
        for order in (0, 1):
            how = {"fillMode": mode, "cval": 77.5, "interpolationOrder": order}
            out += [case({**AFFINE, **how}, k, seed) for k, seed in ((1, 1), (2, 2))]
            far = {"theta": 200, "tx": 61.3, "ty": -151.7, "zx": 2.5, "zy": 3.1, "shear": -30}
            out.append(case(how, 1, transform=far))
    out += [case(ALL, k, 10 + k) for k in range(6)]
    # Shrunk to black at the edge, where a channel shift goes below 0 and tf.keras' stretch begins.
    dark = {"brightnessRange": [0.9, 0.9], "fillMode": "constant", "cval": -40.0, "widthShiftRange": 0.4}
    out += [case(dark, k, 3) for k in (0, 1)]
    return out


BATCH = {"seed": 1, "shuffle": True, "batchSize": 5, "width": 40, "height": 24, "interpolation": "nearest"}
RUNS = [
    {**BATCH, "options": {}, "normalisation": "none"},
    {**BATCH, "options": ALL, "normalisation": "none", "interpolation": "bilinear"},
    {**BATCH, "options": MODEST, "normalisation": "samplewise", "seed": 2, "interpolation": "bicubic"},
    {**BATCH, "options": MODEST, "normalisation": "samplewise", "rescale": 1 / 255, "shuffle": False},
    {**BATCH, "options": MODEST, "normalisation": "featurewise", "rescale": 1 / 127.5, "interpolation": "lanczos"},
    {**BATCH, "options": ALL, "normalisation": "none", "seed": None, "batchSize": 4},
]
EPOCHS = 3
# Where the generator has no seed: np.random.seed(..) before it.
GLOBAL_SEED = 99


def generator_of(run):
    kind = run["normalisation"]
    return ImageDataGenerator(
        **keras_options(run["options"]),
        rescale=run.get("rescale"),
        samplewise_center=kind == "samplewise",
        samplewise_std_normalization=kind == "samplewise",
        featurewise_center=kind == "featurewise",
        featurewise_std_normalization=kind == "featurewise",
    )


def load_all(folder, names, width, height, interpolation):
    return np.stack(
        [
            img_to_array(load_img(f"{folder}/{n}", target_size=(height, width), interpolation=interpolation))
            for n in names
        ]
    )


def batches(folder, run, path, names=None, epochs=EPOCHS):
    names = names or [name_of(k) for k in range(COUNT)]
    generator = generator_of(run)
    size = run["width"], run["height"]
    if run["normalisation"] == "featurewise":
        generator.fit(load_all(folder, names, *size, run["interpolation"]))
    frame = pd.DataFrame({"Image": names, "row": range(len(names))})
    np.random.seed(GLOBAL_SEED)
    flow = generator.flow_from_dataframe(
        frame,
        directory=folder,
        x_col="Image",
        y_col=["row"],
        class_mode="raw",
        batch_size=run["batchSize"],
        shuffle=run["shuffle"],
        seed=run["seed"],
        target_size=size[::-1],
        interpolation=run["interpolation"],
    )
    out = []
    for _ in range(epochs):
        for i in range(len(flow)):
            x, y = flow[i] if path == "sequence" else next(flow)
            assert x.dtype == np.float32
            out.append({"rows": y[:, 0].tolist(), "x": summary(x)})
        if path == "sequence":
            flow.on_epoch_end()
    return {"path": path, "batches": out, "next": np.random.random()}


def statistics(folder):
    """fit: enough pixels for float32 sums to go wrong."""
    images = load_all(folder, [name_of(k) for k in range(COUNT)], 160, 120, "bilinear")

    def case(options, rescale=None, **arguments):
        generator = ImageDataGenerator(
            **keras_options(options),
            rescale=rescale,
            featurewise_center=True,
            featurewise_std_normalization=True,
        )
        generator.fit(images, **arguments)
        found = {"mean": generator.mean, "std": generator.std}
        return {
            "options": options,
            "rescale": rescale,
            **arguments,
            **{key: [float(v) for v in value.ravel()] for key, value in found.items()},
        }

    exact = images.astype("float64")
    return {
        "exact": {
            "mean": [float(v) for v in exact.mean(axis=(0, 1, 2))],
            "std": [float(v) for v in exact.std(axis=(0, 1, 2))],
        },
        "cases": [
            case({}),
            case({}, rescale=1 / 255),
            case(ALL, augment=True, rounds=2, seed=5),
            case(MODEST, rescale=1 / 255, augment=True, rounds=1, seed=8),
        ],
    }


REAL_RUN = {**BATCH, "options": ALL, "normalisation": "samplewise", "batchSize": 8, "width": 64, "height": 64}


def real(data):
    originals = f"{data}/nih/originals"
    frames = sorted(os.listdir(originals))
    small = sorted(os.listdir(f"{data}/nih64/images"))[:20]
    runs = [REAL_RUN, {**REAL_RUN, "options": MODEST, "width": 96, "height": 80, "interpolation": "bicubic"}]
    return {
        "frames": {
            f"{size} {name}": [
                checksum(load_img(f"{originals}/{f}", target_size=(size, size), interpolation=name))
                for f in frames
            ]
            for size in (320, 224)
            for name in FILTERS
        },
        "names": frames,
        "nih64": [{**run, **batches(f"{data}/nih64/images", run, "sequence", small, 2)} for run in runs],
    }


def section():
    with tempfile.TemporaryDirectory() as folder:
        for k in range(COUNT):
            draw_png(k).save(f"{folder}/{name_of(k)}")
        made = {
            "rules": RULES,
            "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "pillow": PIL.__version__},
            "resizing": resizing(folder),
            "draws": draws(),
            "transforms": transforms(folder),
            "runs": [
                {**run, "paths": [batches(folder, run, path) for path in ("sequence", "next")]} for run in RUNS
            ],
            "statistics": statistics(folder),
        }
        return made


def main():
    known = {"seeds": SEEDS, "globalSeed": GLOBAL_SEED, "sections": {}}
    if os.path.exists(FILE):
        with open(FILE) as file:
            known["sections"] = json.load(file)["sections"]
    data = os.environ.get("CHEXGPU_DATA")
    facts = real(data) if data else known["sections"].get(PACKAGE, {}).get("real")
    known["sections"][PACKAGE] = {**section(), "real": facts}
    known["sections"] = dict(sorted(known["sections"].items()))
    with open(FILE, "w") as file:
        file.write(json.dumps(known, separators=(",", ":")).replace('{"options"', '\n{"options"') + "\n")
    print(PACKAGE, os.path.getsize(FILE), "bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
