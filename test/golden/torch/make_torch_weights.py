"""DenseNet121 of real torchvision and torchxrayvision, filled with generated weights.

    python make_torch_weights.py             writes torch_weights.json
    python make_torch_weights.py check FILE PREDICTIONS.csv
        loads a safetensors file that chexgpu wrote (strictly) and predicts the images that chexgpu predicted

Predictions are by float64 models on 8-bit pixels that went through each library's own preprocessing.
"""
import base64
import csv
import hashlib
import json
import os
import sys

import numpy as np
import safetensors
import safetensors.torch
import torch
import torchvision
import torchxrayvision as xrv
from PIL import Image

import generated
import sketch

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 1
CASES = {
    "torchvision": {"count": 2, "size": 64, "channels": 3, "classes": 1000},
    "torchxrayvision": {"count": 2, "size": 96, "channels": 1, "classes": 18},
}
# A last batch norm of tiny variances makes the network feel the difference of PyTorch's epsilon to Keras'.
SCALES = {"bn/moving_variance": 2**-16, "bn/gamma": 2**-8}
# torchxrayvision's pixels go from -1024 to 1024; a stem this much smaller keeps the scale of what follows.
STEM_SCALE = {"torchvision": 1, "torchxrayvision": 2**-9}
WATCHED = ["conv0", "denseblock1", "transition1", "denseblock4"]


def torch_name(key):
    """The name of chexgpu's tensor in a state_dict."""
    layer, tensor = key.rsplit("/", 1)
    fixed = {"conv1/conv": "features.conv0", "conv1/bn": "features.norm0", "bn": "features.norm5",
             "dense_1": "classifier"}
    if layer in fixed:
        module = fixed[layer]
    elif layer.startswith("pool"):
        module = f"features.transition{int(layer[4]) - 1}.{'norm' if layer.endswith('bn') else 'conv'}"
    else:
        stage, block, part = layer.removeprefix("conv").split("_", 2)
        member = {"0_bn": "norm1", "1_conv": "conv1", "1_bn": "norm2", "2_conv": "conv2"}[part]
        module = f"features.denseblock{int(stage) - 1}.denselayer{block.removeprefix('block')}.{member}"
    tensors = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias",
               "moving_mean": "running_mean", "moving_variance": "running_var"}
    return f"{module}.{tensors[tensor]}"


def to_torch(array):
    axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[array.ndim]
    return torch.from_numpy(np.ascontiguousarray(array.transpose(axes)))


def make_model(kind, classes, channels=3, thresholds=None):
    if kind == "torchvision":
        return torchvision.models.densenet121(weights=None, num_classes=classes)
    return xrv.models.DenseNet(weights=None, num_classes=classes, in_channels=channels, op_threshs=thresholds)


def fill(model, arrays, scales):
    """Puts every generated tensor into the model; what stays are the counters and the operating points."""
    state = model.state_dict()
    for key, array in arrays.items():
        array = array * np.float32(scales.get(key, 1))
        name = torch_name(key)
        assert state[name].shape == to_torch(array).shape, name
        state[name] = to_torch(array)
    model.load_state_dict(state, strict=True)
    return model.eval()


def pixels(seed, count, size, channels):
    """uint8 [b,h,w,c]."""
    name = f"pixels {count}x{size}x{size}x{channels}"
    values = generated.uniform(seed, name, (count, size, size, channels), 0, 256)
    return np.minimum(np.floor(values), 255).astype(np.uint8)


def preprocess(kind, image):
    """x[c,h,w] of one image[h,w,c], by the library itself."""
    if kind == "torchxrayvision":
        return torch.from_numpy(xrv.utils.normalize(image, 255, reshape=True))
    side = image.shape[0]
    transform = torchvision.models.DenseNet121_Weights.IMAGENET1K_V1.transforms(crop_size=side, resize_size=side)
    return transform(torch.from_numpy(image).permute(2, 0, 1))


def run(model, x):
    """(output, logits, {name: map[b,h,w,c]}); the output is op_norm's where there are thresholds."""
    maps, hooks = {}, []
    keep = lambda name: lambda module, inputs, output: maps.__setitem__(name, output.detach().clone())
    for name in WATCHED:
        hooks.append(model.features.get_submodule(name).register_forward_hook(keep(name)))
    hooks.append(model.classifier.register_forward_hook(keep("logits")))
    with torch.no_grad():
        output = model(x)
    for hook in hooks:
        hook.remove()
    logits = maps.pop("logits")
    return output, logits, {k: m.permute(0, 2, 3, 1).double().numpy() for k, m in maps.items()}


def state_digest(state):
    """SHA-256 of one line per tensor, sorted: name, dtype, shape."""
    dtypes = {torch.float32: "F32", torch.int64: "I64"}
    lines = sorted(f"{k} {dtypes[v.dtype]} {list(v.shape)}".replace(",", "") for k, v in state.items())
    return {"tensors": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def make_case(kind, count, size, channels, classes):
    thresholds = None
    if kind == "torchxrayvision":
        thresholds = torch.tensor(xrv.models.model_urls["nih"]["op_threshs"])
    model = make_model(kind, classes, channels, thresholds)
    scales = {**SCALES, "conv1/conv/kernel": STEM_SCALE[kind]}
    fill(model, generated.weights(SEED, inputs=channels, classes=classes), scales)
    digest = state_digest(model.state_dict())
    x = torch.stack([preprocess(kind, image) for image in pixels(SEED, count, size, channels)])
    output32, logits32, _ = run(model, x)
    # op_norm makes its result in the default type.
    torch.set_default_dtype(torch.float64)
    output, logits, maps = run(model.double(), x.double())
    torch.set_default_dtype(torch.float32)
    activate = torch.sigmoid if kind == "torchxrayvision" else lambda z: torch.softmax(z, 1)
    p, p32 = activate(logits), activate(logits32)
    print(kind, "logits", logits.min().item(), logits.max().item(), "deviation", logits.std(0).mean().item(),
          "float32 error", (p32 - p).abs().max().item())
    case = {
        "kind": kind, "seed": SEED, "count": count, "size": size, "channels": channels, "classes": classes,
        "scales": scales,
        "state": digest,
        "input": sketch.entry(x.permute(0, 2, 3, 1).numpy()),
        "logits": sketch.entry(logits.numpy()),
        "probabilities": [float(f"{v:.7g}") for v in p.flatten().tolist()],
        "float32Error": float(f"{(p32 - p).abs().max().item():.2e}"),
        "maps": {k: sketch.entry(m) for k, m in maps.items()},
    }
    if thresholds is not None:
        case["opNorm"] = [float(f"{v:.9g}") for v in output.flatten().tolist()]
    return case


def model_table():
    """Outputs and operating points of torchxrayvision's DenseNets, for the rule that ties them together."""
    table = {}
    for name in ("all", "nih", "pc", "chex", "rsna", "mimic_nb", "mimic_ch"):
        entry = xrv.models.model_urls[name]
        assert entry["input_resolution"] == 224
        points = [None if np.isnan(t) else t for t in entry["op_threshs"]]
        table[name] = {"labels": entry["labels"], "thresholds": points}
    return table


def sample_file():
    """A file of the safetensors package itself, with every dtype that is read."""
    values = torch.tensor([[0.5, -1.25, 3.0], [1e-3, 65504.0, -6e-8]])
    tensors = {
        "single": values,
        "half": values.half(),
        "brain": values.bfloat16(),
        "double": values.double() / 3,
        "count": torch.tensor(7),
    }
    data = safetensors.torch.save(tensors, {"format": "pt", "note": "für den Test"})
    return {
        "base64": base64.b64encode(data).decode(),
        "values": {k: t.double().flatten().tolist() for k, t in tensors.items()},
    }


def op_norm_grid():
    p = torch.tensor([[0.0, 0.01, 0.3], [0.049, 0.05, 0.9], [0.5, 1.0, 1.0]])
    t = torch.tensor([0.05, 0.05, float("nan")])
    return {"p": p.flatten().tolist(), "thresholds": [0.05, 0.05, None], "wanted": xrv.models.op_norm(p, t).flatten().tolist()}


def make():
    torch.set_num_threads(2)
    out = {
        "made_with": {
            "torch": torch.__version__.split("+")[0],
            "torchvision": torchvision.__version__.split("+")[0],
            "torchxrayvision": xrv.__version__,
            "safetensors": safetensors.__version__,
        },
        "cases": [make_case(kind, **case) for kind, case in CASES.items()],
        "models": model_table(),
        "sample": sample_file(),
        "opNorm": op_norm_grid(),
    }
    with open(os.path.join(HERE, "torch_weights.json"), "w", encoding="ascii") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


def check(path, predictions):
    with safetensors.safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    state = safetensors.torch.load_file(path)
    classes, channels = len(state["classifier.weight"]), state["features.conv0.weight"].shape[1]
    kind = "torchxrayvision" if channels == 1 or "op_threshs" in state else "torchvision"
    model = make_model(kind, classes, channels, state.get("op_threshs"))
    assert state_digest(model.state_dict()) == state_digest(state), "names, dtypes or shapes differ"
    model.load_state_dict(state, strict=True)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = float(metadata["bn_epsilon"])
    preprocessing = json.loads(metadata["preprocessing"])
    side, how = preprocessing["size"], preprocessing["normalisation"]
    resampling = Image.Resampling[preprocessing["interpolation"].upper()]
    labels = json.loads(metadata["labels"])
    torch.set_default_dtype(torch.float64)
    model.double().eval()
    worst = 0.0
    with open(predictions, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        image = Image.open(row["Image"]).convert("RGB").resize((side, side), resampling)
        x = np.asarray(image, np.float64)[..., :channels]
        mean, std = (how["mean"], how["std"]) if how["kind"] == "featurewise" else ([x.mean()] * 3, [x.std()] * 3)
        x = (x - np.array(mean[:channels])) / (np.array(std[:channels]) + how["epsilon"])
        with torch.no_grad():
            out = model(torch.from_numpy(x.transpose(2, 0, 1)[None]))[0]
        p = (out if "op_threshs" in state else torch.sigmoid(out)).numpy()
        for c, label in enumerate(labels):
            if label:
                worst = max(worst, abs(float(row[f"{label}_pred"]) - p[c]))
    print(f"{kind}: {len(state)} tensors loaded strictly, {len(rows)} images, worst probability error {worst:.2e}")
    assert rows and worst < 1e-5


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"]:
        check(*sys.argv[2:])
    else:
        make()
