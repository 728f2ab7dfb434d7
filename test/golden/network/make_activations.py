"""Every map of a small DenseNet and the loss's gradient with respect to each, by PyTorch in float64: python
make_activations.py writes activations.json.

Training mode, weighted loss, generated weights; one label is unknown. Kept of every tensor is a
sketch (sketch.py). A map that several layers read has one gradient, and each reader's own part of it under "gradient
through". Of a pool's window that is 0 everywhere one of the zeros takes the gradient, and the ReLU stops it: which one
differs from engine to engine, so the gradient of what the pool reads is kept where that is above 0.
"""
import json
import os

import torch
import torch.nn.functional as F

import densenet_torch
import generated
import sketch

NETWORK = {"blocks": (3, 2), "growth": 4, "bottleneck": 2, "stem": 8, "classes": 3}
CASES = [(4, 2, 32, True)]  # seed, images, size, whether label 0 of image 1 is unknown
HERE = os.path.dirname(os.path.abspath(__file__))


def passes(w, images, labels):
    """Loss, maps by (kind, name), and what each reader of a shared map read of it, by name."""
    maps, parts = {}, {}

    def keep(kind, name, x):
        x.retain_grad()
        maps[kind, name] = x
        return x

    def norm_relu(x, bn, relu, shared=False):
        if shared:
            x = x.clone()
            x.retain_grad()
            parts[bn] = x
        z = F.batch_norm(x, None, None, w[f"{bn}/gamma"], w[f"{bn}/beta"], True, 0, densenet_torch.BN_EPSILON)
        return keep("relu", relu, F.relu(keep("batchnorm", bn, z)))

    def conv(x, name, **options):
        return keep("conv", name, F.conv2d(x, w[f"{name}/kernel"], **options))

    x = torch.as_tensor(images, dtype=torch.float64).permute(0, 3, 1, 2).requires_grad_()
    x = norm_relu(conv(keep("input", "input_1", x), "conv1/conv", stride=2, padding=3), "conv1/bn", "conv1/relu")
    x = keep("maxpool", "pool1", F.max_pool2d(x, 3, 2, 1))
    blocks = NETWORK["blocks"]
    for b, count in enumerate(blocks):
        for i in range(count):
            name = f"conv{b + 2}_block{i + 1}"
            y = conv(norm_relu(x, f"{name}_0_bn", f"{name}_0_relu", True), f"{name}_1_conv")
            y = conv(norm_relu(y, f"{name}_1_bn", f"{name}_1_relu"), f"{name}_2_conv", padding=1)
            x = keep("concat", f"{name}_concat", torch.cat([x, y], 1))
        if b < len(blocks) - 1:
            name = f"pool{b + 2}"
            x = conv(norm_relu(x, f"{name}_bn", f"{name}_relu", True), f"{name}_conv")
            x = keep("avgpool", f"{name}_pool", F.avg_pool2d(x, 2))
    x = keep("gap", "global_average_pooling2d_1", norm_relu(x, "bn", "relu", True).mean((2, 3)))
    logits = keep("dense", "dense_1", x @ w["dense_1/kernel"] + w["dense_1/bias"])
    p = torch.sigmoid(logits)
    positive, negative = (torch.tensor(v, dtype=p.dtype) for v in generated.loss_weights(NETWORK["classes"]))
    known = ~torch.isnan(labels)
    y = torch.nan_to_num(labels)
    terms = positive * y * torch.log(p + 1e-7) + negative * (1 - y) * torch.log(1 - p + 1e-7)
    return -torch.where(known, terms, 0.0).mean(0).sum(), p, maps, parts


def make(seed, count, size, unknown):
    images = generated.images(seed, count, size)
    labels = torch.tensor(generated.labels(seed, count, NETWORK["classes"]), dtype=torch.float64)
    if unknown:
        labels[1, 0] = float("nan")
    w = densenet_torch.from_arrays(generated.weights(seed, **NETWORK), gradients=True)
    loss, p, maps, parts = passes(w, images, labels)
    loss.backward()
    gap = min(z.abs().min().item() for (kind, _), z in maps.items() if kind == "batchnorm")
    print(seed, "loss", loss.item(), "smallest input of a ReLU", gap)
    assert gap > 1e-5

    def entry(x):
        return sketch.entry((x.permute(0, 2, 3, 1) if x.ndim == 4 else x).detach().numpy())

    found = {f"{kind} {name}": entry(x) for (kind, name), x in maps.items()}
    found["probabilities probabilities"] = entry(p)
    for (kind, name), x in maps.items():
        if kind != "concat":
            found[f"gradient of {kind} {name}"] = entry(x.grad * (x > 0) if name == "conv1/relu" else x.grad)
    # The new channels of a layer are read by nobody but its concatenation.
    for name, x in parts.items():
        found[f"gradient through batchnorm {name}"] = entry(x.grad)
    for key, x in w.items():
        if x.grad is not None:
            found[f"gradient of weights {key}"] = sketch.entry(densenet_torch.to_array(x.grad))
    return {"seed": seed, "count": count, "size": size, "unknown": unknown, "loss": loss.item(), "maps": found}


if __name__ == "__main__":
    made = {"made_with": {"torch": torch.__version__.split("+")[0], "dtype": "float64"}, "network": NETWORK}
    with open(os.path.join(HERE, "activations.json"), "w") as file:
        json.dump({**made, "cases": [make(*case) for case in CASES]}, file, separators=(",", ":"))
        file.write("\n")
