"""Learning rates of every step by real PyTorch and Keras schedules, to check src/training/schedules against.

    python make_schedules.py schedules.json torch    OneCycleLR, CosineAnnealingLR, StepLR, LinearLR
    python make_schedules.py schedules.json keras    tf_keras' CosineDecay and ExponentialDecay with staircase

Each run keeps the other's part of the file. A case is a schedule of ours (name, peak, settings, count) and the rates
that theirs has for the same; both compute in float64.
"""
import json
import os
import sys

ONE_CYCLE = [
    (2e-3, {}, 100),
    (2e-3, {}, 37),
    (1.0, {"warmUp": 0.5, "startDivisor": 10.0, "endDivisor": 2.0}, 10),
    (3e-4, {"warmUp": 0.13, "startDivisor": 4.0, "endDivisor": 100.0}, 61),
    (0.5, {"warmUp": 0.9}, 23),
]
COSINE = [
    (1e-3, {}, 50),
    (0.2, {"finalShare": 0.1}, 17),
    (2e-3, {"warmUp": 0.1}, 100),
    (2e-3, {"warmUp": 0.25, "startDivisor": 5.0, "finalShare": 0.05}, 31),
    (1.0, {"warmUp": 0.5, "startDivisor": 1e9}, 8),
]
# Parts of whole steps, which PyTorch asks for, and others.
STEP = [
    (1e-3, {}, 30, True),
    (0.4, {"drops": 3, "factor": 0.5}, 40, True),
    (0.4, {"drops": 1, "factor": 0.3}, 9, False),
    (1e-2, {"drops": 4, "factor": 0.25}, 23, False),
]
CONSTANT = [(1e-3, {}, 100), (0.3, {"warmUp": 0.4, "startDivisor": 3.0}, 24), (0.3, {"warmUp": 0.0}, 5)]


def case(name, peak, settings, count, by, rates):
    return {"name": name, "peak": peak, "settings": settings, "count": count, "by": by, "rates": rates}


def warm_up(settings, count, otherwise=0.0):
    return round(settings.get("warmUp", otherwise) * count)


def torch_part():
    import torch
    from torch.optim import lr_scheduler as schedulers

    def rates(peak, count, make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
        schedule = make(optimizer)
        found = []
        for step in range(count):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if step + 1 < count:
                schedule.step()
        return found

    cases = []
    for peak, settings, count in ONE_CYCLE:
        names = {"warmUp": "pct_start", "startDivisor": "div_factor", "endDivisor": "final_div_factor"}
        given = {names[name]: value for name, value in settings.items()}
        found = rates(
            peak,
            count,
            lambda o, p=peak, n=count, g=given: schedulers.OneCycleLR(
                o, max_lr=p, total_steps=n, cycle_momentum=False, **g
            ),
        )
        cases.append(case("one-cycle", peak, settings, count, "OneCycleLR", found))
    for peak, settings, count in COSINE:
        if "warmUp" in settings:
            continue
        least = peak * settings.get("finalShare", 0)
        found = rates(peak, count, lambda o, n=count, m=least: schedulers.CosineAnnealingLR(o, T_max=n, eta_min=m))
        cases.append(case("cosine", peak, settings, count, "CosineAnnealingLR", found))
    for peak, settings, count, whole in STEP:
        if not whole:
            continue
        size = count // (settings.get("drops", 2) + 1)
        gamma = settings.get("factor", 0.1)
        found = rates(peak, count, lambda o, s=size, g=gamma: schedulers.StepLR(o, step_size=s, gamma=g))
        cases.append(case("step", peak, settings, count, "StepLR", found))
    for peak, settings, count in CONSTANT:
        steps = warm_up(settings, count, 0.05)
        start = 1 / settings.get("startDivisor", 25.0)
        if steps == 0:
            found = [peak] * count
        else:
            found = rates(peak, count, lambda o, f=start, n=steps: schedulers.LinearLR(o, start_factor=f, total_iters=n))
        cases.append(case("constant", peak, settings, count, "LinearLR", found))
    return {"version": torch.__version__, "cases": cases}


def keras_part():
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf
    import tf_keras

    def rates(schedule, count):
        return [float(schedule(tf.constant(step, tf.float64))) for step in range(count)]

    schedules = tf_keras.optimizers.schedules
    exact = lambda value: tf.constant(value, tf.float64)
    cases = []
    for peak, settings, count in COSINE:
        steps = warm_up(settings, count)
        # The schedule counts the decay's steps without those of the warm-up.
        rise = {"warmup_target": exact(peak), "warmup_steps": steps} if steps else {}
        first = peak / settings.get("startDivisor", 25.0) if steps else peak
        schedule = schedules.CosineDecay(
            exact(first), count - steps, alpha=settings.get("finalShare", 0.0), **rise
        )
        cases.append(case("cosine", peak, settings, count, "CosineDecay", rates(schedule, count)))
    for peak, settings, count, _ in STEP:
        schedule = schedules.ExponentialDecay(
            exact(peak), count / (settings.get("drops", 2) + 1), exact(settings.get("factor", 0.1)), staircase=True
        )
        cases.append(case("step", peak, settings, count, "ExponentialDecay", rates(schedule, count)))
    return {"version": tf_keras.__version__, "cases": cases}


def main(path, which):
    golden = json.load(open(path)) if os.path.exists(path) else {}
    golden[which] = {"torch": torch_part, "keras": keras_part}[which]()
    with open(path, "w") as file:
        json.dump(golden, file)


main(*sys.argv[1:])
