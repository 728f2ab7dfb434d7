"""Every layer of DenseNet121 in inference mode, and Grad-CAM, by Keras itself: python make_forward.py writes
forward.json and gradcam.json.

The reference is Keras in float64 with generated weights; beside each value stands the error that Keras' own
float32 makes on it. PyTorch in float64 (densenet_torch.py) has to agree with it, which ties the two together.
"""
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras
import numpy as np
import tensorflow as tf
import torch

import densenet_torch
import generated
import keras_densenet
import sketch

CASES = [(1, 2, 64), (2, 1, 224), (3, 1, 320)]  # seed, images, size
CAM_CLASSES = [0, 3, 7, 13]
HEAD_SCALE = 0.125  # smaller logits, so that no sigmoid saturates and the maps have something to show
HERE = os.path.dirname(os.path.abspath(__file__))


def outputs(dtype, arrays, images):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    model = keras_densenet.build(keras)
    keras_densenet.fill(model, arrays)
    names = keras_densenet.map_names()
    watched = keras.Model(model.input, [keras_densenet.layer_of(model, n).output for n in names])
    return model, {n: v.numpy() for n, v in zip(names, watched(images.astype(dtype), training=False))}


def gradcam(model, image):
    """util.py's map: the sigmoid's gradient at the output of the last batch norm, before its ReLU.

    cam[h,w] = sum_k A[h,w,k] * mean over positions of d p_c / d A[.,.,k]; resize, ReLU and scaling come later.
    """
    last = keras_densenet.layer_of(model, "bn")
    front = keras.Model(model.input, last.output)
    back = model.layers[model.layers.index(last) + 1 :]
    maps = {}
    for c in CAM_CLASSES:
        with tf.GradientTape() as tape:
            a = front(image, training=False)
            tape.watch(a)
            x = a
            for layer in back:
                x = layer(x)
            score = x[:, c]
        alpha = tf.reduce_mean(tape.gradient(score, a), axis=(0, 1, 2))
        maps[c] = (tf.reduce_sum(a[0] * alpha, axis=-1).numpy(), float(score[0]))
    return maps


def resize_bilinear(cam, size):
    """cv2.resize's INTER_LINEAR: half-pixel centres, borders repeated (OpenCV's resize.cpp)."""

    def axis(src):
        f = (np.arange(size) + 0.5) * src / size - 0.5
        f = np.clip(f, 0, src - 1)
        low = np.minimum(f.astype(int), src - 1)
        return low, np.minimum(low + 1, src - 1), f - low

    y0, y1, fy = axis(cam.shape[0])
    x0, x1, fx = axis(cam.shape[1])
    rows = cam[y0] * (1 - fy)[:, None] + cam[y1] * fy[:, None]
    return rows[:, x0] * (1 - fx) + rows[:, x1] * fx


def finished(cam, size):
    """What is drawn: resized, negative parts cut off, divided by the maximum."""
    resized = np.maximum(resize_bilinear(cam, size), 0)
    return resized / resized.max() if resized.max() > 0 else resized


if __name__ == "__main__":
    made = {"keras": keras.__version__, "tensorflow": tf.__version__, "dtype": "float64"}
    cases, cams = [], []
    for seed, count, size in CASES:
        arrays, images = generated.weights(seed), generated.images(seed, count, size)
        arrays["dense_1/kernel"] = arrays["dense_1/kernel"] * np.float32(HEAD_SCALE)
        model, maps = outputs("float64", arrays, images)
        for c, (cam, p) in gradcam(model, images[:1].astype("float64")).items():
            cams.append((seed, count, size, c, p, cam))
        _, maps32 = outputs("float32", arrays, images)

        other = {}
        weights = densenet_torch.from_arrays(arrays)
        logits = densenet_torch.forward(weights, images, generated.BLOCKS_121, False, maps=other)
        other["dense_1"] = torch.sigmoid(logits)
        for name, x in other.items():
            if name in maps:
                array = x.permute(0, 2, 3, 1).numpy() if x.ndim == 4 else x.numpy()
                assert sketch.distance(array, maps[name]) < 1e-12, name
        entries = {}
        for name, x in maps.items():
            entries[name] = sketch.entry(x, float32=float(f"{sketch.distance(maps32[name], x):.2e}"))
        p = maps["dense_1"]
        worst = max((e["float32"], n) for n, e in entries.items())
        print(size, "p", p.min(), p.max(), "float32 worst", worst, abs(maps32["dense_1"] - p).max(), flush=True)
        cases.append(
            {"seed": seed, "count": count, "size": size, "probabilities": p.tolist(), "maps": entries}
        )
    with open(os.path.join(HERE, "forward.json"), "w") as file:
        json.dump({"made_with": made, "headScale": HEAD_SCALE, "cases": cases}, file, separators=(",", ":"))
        file.write("\n")
    rows = []
    for seed, count, size, c, p, cam in cams:
        done = finished(cam, size)
        step = max(1, size // 16)
        rows.append(
            {
                "seed": seed,
                "count": count,
                "size": size,
                "class": c,
                "probability": p,
                "positive": float((done > 0).mean()),
                "sampleStep": step,
                "samples": [[float(f"{v:.7f}") for v in row] for row in done[step // 2 :: step, step // 2 :: step]],
                "map": sketch.entry(done),
            }
        )
        print(size, c, p, "positive", rows[-1]["positive"], "empty" if done.max() == 0 else "")
    with open(os.path.join(HERE, "gradcam.json"), "w") as file:
        json.dump({"made_with": made, "headScale": HEAD_SCALE, "cases": rows}, file, separators=(",", ":"))
        file.write("\n")
