#!/usr/bin/env python3
"""DenseNet121 in eager PyTorch on the GPU of this machine: what a user would take instead.

Prints one JSON object with a row for each job (inference, training step) and precision: fp32 with TensorFloat-32
switched off, as chexgpu computes; tf32; and amp, which is float16 autocast in channels_last. The batch lies on the
GPU already and every step is waited for, as in `plan alone` of `chexgpu bench model`. Weights are random; 14
sigmoid outputs, the weighted loss and Adam as in chexgpu. Without PyTorch or a GPU that it knows, the object says
so and the script still ends with 0: then there is nothing to compare with.
"""
import argparse
import json
import statistics
import time

CLASSES = 14


def densenet121(torch):
    """torchvision's, or the same layers written out where it is not installed."""
    try:
        from torchvision.models import densenet121 as make

        return make(weights=None, num_classes=CLASSES), "torchvision"
    except ImportError:
        pass
    nn = torch.nn

    class Layer(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.body = nn.Sequential(
                nn.BatchNorm2d(channels), nn.ReLU(inplace=True), nn.Conv2d(channels, 128, 1, bias=False),
                nn.BatchNorm2d(128), nn.ReLU(inplace=True), nn.Conv2d(128, 32, 3, padding=1, bias=False),
            )

        def forward(self, x):
            return torch.cat([x, self.body(x)], 1)

    parts = [nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
             nn.MaxPool2d(3, stride=2, padding=1)]
    channels = 64
    for block, layers in enumerate([6, 12, 24, 16]):
        if block > 0:
            parts += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True),
                      nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2)]
            channels //= 2
        for _ in range(layers):
            parts.append(Layer(channels))
            channels += 32
    parts += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
              nn.Linear(channels, CLASSES)]
    return nn.Sequential(*parts), "written out"


def timed(torch, step, warmup, samples):
    """Milliseconds of every sample."""
    for _ in range(warmup):
        step()
    torch.cuda.synchronize()
    times = []
    for _ in range(samples):
        started = time.perf_counter()
        step()
        torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - started))
    return times


def measure(torch, precision, job, args):
    tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    amp = precision == "amp"
    layout = torch.channels_last if amp else torch.contiguous_format
    model, origin = densenet121(torch)
    model = model.cuda().to(memory_format=layout)
    model.train(job == "train")
    x = torch.randn(args.batch, 3, args.size, args.size, device="cuda").to(memory_format=layout)
    labels = (torch.rand(args.batch, CLASSES, device="cuda") < 0.1).float()
    weight = torch.full((CLASSES,), 0.5, device="cuda")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    scaler = torch.cuda.amp.GradScaler(enabled=amp)

    def logits():
        with torch.autocast("cuda", dtype=torch.float16, enabled=amp):
            return model(x)

    def infer():
        with torch.inference_mode():
            torch.sigmoid(logits().float())

    def train():
        optimizer.zero_grad(set_to_none=True)
        p = torch.sigmoid(logits().float())
        terms = weight * labels * torch.log(p + 1e-7) + weight * (1 - labels) * torch.log(1 - p + 1e-7)
        scaler.scale(-terms.mean(0).sum()).backward()
        scaler.step(optimizer)
        scaler.update()

    torch.cuda.reset_peak_memory_stats()
    times = timed(torch, infer if job == "infer" else train, args.warmup, args.samples)
    ms = statistics.median(times)
    return {
        "job": job,
        "precision": precision,
        "network": origin,
        "ms": round(ms, 3),
        "images_per_second": round(1000 * args.batch / ms, 1),
        "samples": [round(t, 3) for t in times],
        "peak_bytes": torch.cuda.max_memory_allocated(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=8)
    args = parser.parse_args()
    result = {"available": False, "size": args.size, "batch": args.batch, "rows": []}
    try:
        import torch
    except ImportError as error:
        result["why"] = f"PyTorch is not installed: {error}"
    else:
        result["torch"] = torch.__version__
        if torch.cuda.is_available():
            result.update(available=True, device=torch.cuda.get_device_name(0), cuda=torch.version.cuda)
            result["cudnn"] = torch.backends.cudnn.version()
            torch.backends.cudnn.benchmark = True
            for precision in ("fp32", "tf32", "amp"):
                for job in ("infer", "train"):
                    try:
                        result["rows"].append(measure(torch, precision, job, args))
                    except RuntimeError as error:  # out of memory, for instance: the other rows still count
                        result["rows"].append({"job": job, "precision": precision, "error": str(error)[:300]})
                    torch.cuda.empty_cache()
        else:
            result["why"] = "PyTorch finds no GPU"
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
