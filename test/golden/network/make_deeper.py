"""DenseNet169 and 201 by PyTorch and Keras, to check the deeper networks against.

    python make_deeper.py deeper.json torch
    python make_deeper.py deeper.json keras

Each run keeps the other's part of the file. Of PyTorch, in float64: probabilities in inference, loss and a few gradients
in training, with generated weights away from ReLU's kinks (kinks.py): only betas of channels that come near one are
moved, {batch norm: {channel: k}}. Of Keras: the numbers of parameters with all 1000 classes, and the SHA-256 of what
`save_weights` of the base puts into its file, in its order: "layer tensor shape" line by line.
"""
import hashlib
import json
import os
import re
import sys
import tempfile

BLOCKS = {"densenet121": (6, 12, 24, 16), "densenet169": (6, 12, 32, 32), "densenet201": (6, 12, 48, 32)}
SEED, COUNT, SIZE = 1, 2, 64
HEAD_SCALE = 0.125  # smaller logits, so that no sigmoid saturates


def by_torch(name):
    import numpy as np
    import torch

    import densenet_torch
    import generated
    import kinks
    import sketch

    blocks = BLOCKS[name]
    images, labels = generated.images(SEED, COUNT, SIZE), generated.labels(SEED, COUNT)
    arrays = generated.weights(SEED, blocks=blocks)
    arrays["dense_1/kernel"] = arrays["dense_1/kernel"] * np.float32(HEAD_SCALE)
    arrays, digits, gap = kinks.away_from_kinks(arrays, images, blocks, near=1e-4)
    nudges = {
        norm: {i: int(digit, 16) - 8 for i, digit in enumerate(text) if digit != "8"} for norm, text in digits.items()
    }
    last = (f"conv{stage + 2}_block{count}" for stage, count in enumerate(blocks))
    watched = ["conv1/conv/kernel", "conv1/bn/gamma", "pool4_conv/kernel", "bn/beta", "dense_1/kernel"]
    watched += [f"{layer}_{what}" for layer in last for what in ("0_bn/gamma", "1_conv/kernel", "2_conv/kernel")]

    def backward(dtype):
        weights = densenet_torch.from_arrays(arrays, dtype, gradients=True)
        logits = densenet_torch.forward(weights, images, blocks, True)
        loss = densenet_torch.weighted_loss(logits, labels, *generated.loss_weights())
        loss.backward()
        return loss.item(), {key: densenet_torch.to_array(weights[key].grad) for key in watched}

    weights = densenet_torch.from_arrays(arrays)
    with torch.no_grad():
        p = torch.sigmoid(densenet_torch.forward(weights, images, blocks, False))
    loss, gradients = backward(torch.float64)
    _, gradients32 = backward(torch.float32)
    errors = {key: sketch.distance(gradients32[key], g) for key, g in gradients.items()}
    print(name, "loss", loss, "gap", gap, "float32 worst", max((e, k) for k, e in errors.items()))
    print("p", p.min().item(), p.max().item(), "moved", sum(map(len, nudges.values())), flush=True)
    return {
        "seed": SEED,
        "count": COUNT,
        "size": SIZE,
        "nudges": {norm: moves for norm, moves in nudges.items() if moves},
        "probabilities": p.tolist(),
        "loss": loss,
        "gradients": {k: sketch.entry(g, float32=float(f"{errors[k]:.2e}")) for k, g in gradients.items()},
    }


def by_keras(name):
    import h5py
    import tf_keras

    make = getattr(tf_keras.applications.densenet, name.replace("densenet", "DenseNet"))
    full = make(weights=None)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "base.h5")
        make(weights=None, include_top=False).save_weights(path)
        with h5py.File(path) as file:
            for layer in file.attrs["layer_names"]:
                # Counted over all models of a process; the layers have no weights.
                layer = re.sub(r"^(input|zero_padding2d)(_\d+)?$", r"\1", layer)
                group = file[layer] if layer in file else {}
                names = group.attrs["weight_names"] if group else []
                lines.append(layer)
                lines += [f"{layer} {n.split('/')[-1]} {list(group[n].shape)}" for n in names]
    trainable = sum(int(w.shape.num_elements()) for w in full.trainable_weights)
    return {
        "parameters": full.count_params(),
        "trainable": trainable,
        "lines": len(lines),
        "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


if __name__ == "__main__":
    path, part = sys.argv[1:]
    out = {}
    if os.path.exists(path):
        with open(path) as file:
            out = json.load(file)
    if part == "torch":
        import torch

        torch.set_num_threads(2)
        made = torch.__version__.split("+")[0]
        cases = {name: by_torch(name) for name in BLOCKS if name != "densenet121"}
    else:
        import tf_keras

        made, cases = tf_keras.__version__, {name: by_keras(name) for name in BLOCKS}
        print(cases)
    out[part] = {"version": made, "headScale": HEAD_SCALE, "networks": cases} if part == "torch" else {
        "version": made,
        "networks": cases,
    }
    with open(path, "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")
