"""Checks a folder of event files by TensorBoard's own readers against what is expected of it.

    python read_tensorboard.py DIR EXPECTED.json

EXPECTED.json, each part of which may be left out:

    {"runs": {"train": {"scalars": {"epoch_loss": [[0, 3.27], ...]},      steps and values, in their order
                        "histograms": {"conv1/conv/kernel_0/histogram": [[0, 9408], ...]},   steps and counts
                        "images": {"roc": [[0, 700, 500], ...]},          steps, widths, heights; the PNGs are decoded
                        "texts": {"command": "    chexgpu train"},
                        "only": true}},                                   no other tags than those that are listed
     "hyperparameters": {"optimizer": "adam"},                            of the run ".": all of them
     "status": "success"}

Read by event_accumulator, by the plugins' own data (hparams), and by the server as a user has it: the HTTP answers of
scalars, histograms, images and hparams. Scalars are compared as float32. Prints what differs; exit code 1 then.
"""
import json
import os
import sys
from urllib.parse import quote

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from tensorboard import default, program
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.util import tensor_util
from werkzeug.test import Client

RUN_PATHS = {".": "", "train": "train", "validation": "validation"}
problems = []


def expect(what, found, wanted):
    if found != wanted:
        problems.append(f"{what}: {found!r}, expected {wanted!r}")


def near(x):
    return float(np.float32(x))


def check_run(folder, run, wanted):
    """By the accumulator: everything that is a tensor."""
    path = os.path.join(folder, RUN_PATHS[run])
    data = event_accumulator.EventAccumulator(path, {"tensors": 0}).Reload()
    tags = data.Tags()["tensors"]
    plugin_of = {tag: data.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags}
    events = {tag: shown_events(data.Tensors(tag)) for tag in tags}
    listed = set()
    for plugin, kind, shown in (
        ("scalars", "scalars", lambda a: [near(a)]),
        ("histograms", "histograms", lambda a: [int(a[:, 2].sum())]),
        ("images", "images", image_shown),
    ):
        for tag, values in wanted.get(kind, {}).items():
            listed.add(tag)
            expect(f"{run} {tag}: plugin", plugin_of.get(tag), plugin)
            found = [[step, *shown(array)] for step, array in events.get(tag, [])]
            if plugin == "scalars":
                values = [[step, near(value)] for step, value in values]
            expect(f"{run} {tag}", found, values)
            if plugin == "histograms":
                check_buckets(f"{run} {tag}", events.get(tag, []))
    for tag, text in wanted.get("texts", {}).items():
        listed.add(tag)
        expect(f"{run} {tag}: plugin", plugin_of.get(tag), "text")
        expect(f"{run} {tag}", [array.item().decode() for _, array in events.get(tag, [])], [text])
    if wanted.get("only"):
        own = {tag for tag in tags if plugin_of[tag] != "hparams"}
        expect(f"{run}: tags that were not expected", sorted(own - listed), [])
    return data


def shown_events(events):
    """A step that comes again takes the place of what was there from it on, as the server shows it.

    (event_accumulator purges other kinds of values so, and leaves out tensors.)
    """
    shown = []
    for event in events:
        shown = [(step, array) for step, array in shown if step < event.step]
        shown.append((event.step, tensor_util.make_ndarray(event.tensor_proto)))
    return shown


def image_shown(array):
    width, height, png = array
    pixels = tf.io.decode_png(png).numpy()
    expect("size of a PNG", [pixels.shape[1], pixels.shape[0]], [int(width), int(height)])
    if pixels.min() == pixels.max():
        problems.append("a PNG of one single colour")
    return [int(width), int(height)]


def check_buckets(what, events):
    for step, array in events:
        expect(f"{what}, step {step}: shape", array.shape, (30, 3))
        expect(f"{what}, step {step}: edges that meet", bool((array[1:, 0] == array[:-1, 1]).all()), True)


def check_hparams(data, wanted):
    content = lambda tag: data.SummaryMetadata(tag).plugin_data.content
    start = metadata.parse_session_start_info_plugin_data(content(metadata.SESSION_START_INFO_TAG))
    found = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    if "hyperparameters" in wanted:
        expect("hyperparameters", found, wanted["hyperparameters"])
    if "status" in wanted:
        end = metadata.parse_session_end_info_plugin_data(content(metadata.SESSION_END_INFO_TAG))
        expect("status", api_pb2.Status.Name(end.status), f"STATUS_{wanted['status'].upper()}")


def check_server(folder, wanted):
    """By the application behind TensorBoard's page, loaded as `tensorboard --logdir` loads the folder above.

    (In its own folder TensorBoard finds no metrics to show beside hyperparameters: hparams/backend_context.py.)
    """
    above, session = os.path.split(os.path.abspath(folder))
    board = program.TensorBoard(default.get_plugins())
    board.configure(argv=[None, "--logdir", above, "--load_fast", "false", "--reload_interval", "0"])
    from tensorboard.backend import application
    from tensorboard.backend.event_processing import data_ingester

    ingester = data_ingester.LocalDataIngester(board.flags)
    ingester.start()
    app = application.TensorBoardWSGIApp(
        board.flags, board.plugin_loaders, ingester.data_provider, board.assets_zip_provider, ingester.deprecated_multiplexer
    )
    client = Client(app)
    get = lambda path: json.loads(client.get(path).data)
    for run, own in wanted.get("runs", {}).items():
        at = lambda plugin, tag: f"/data/plugin/{plugin}/{plugin}?run={quote(f'{session}/{run}')}&tag={quote(tag)}"
        for tag, values in own.get("scalars", {}).items():
            found = [[step, value] for _, step, value in get(at("scalars", tag))]
            expect(f"server: {run} {tag}", found, [[step, near(value)] for step, value in values])
        for tag, values in own.get("histograms", {}).items():
            found = [[step, int(sum(b[2] for b in buckets))] for _, step, buckets in get(at("histograms", tag))]
            expect(f"server: {run} {tag}", found, values)
        for tag, values in own.get("images", {}).items():
            images = get(at("images", tag) + "&sample=0")
            expect(f"server: {run} {tag}", [image["step"] for image in images], [value[0] for value in values])
            for image in images:
                png = client.get(f"/data/plugin/images/individualImage?{image['query']}").data
                expect(f"server: {run} {tag}: begins as a PNG", png[:8], b"\x89PNG\r\n\x1a\n")
    if "hyperparameters" in wanted or "status" in wanted:
        allowed = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
        post = lambda path, body: json.loads(
            client.post(f"/data/plugin/hparams/{path}", data=json.dumps(body), content_type="application/json").data
        )
        experiment = post("experiment", {"experimentName": "", "includeMetrics": True})
        columns = [{"metric": info["name"], "includeInResult": True} for info in experiment["metricInfos"]]
        columns += [{"hparam": info["name"], "includeInResult": True} for info in experiment["hparamInfos"]]
        request = {"experimentName": "", "allowedStatuses": allowed, "sliceSize": 10, "colParams": columns}
        groups = [group for group in post("session_groups", request)["sessionGroups"] if group["name"] == session]
        expect("server: trainings with hyperparameters", len(groups), 1)
        for group in groups:
            if "hyperparameters" in wanted:
                expect("server: hyperparameters", group["hparams"], wanted["hyperparameters"])
            if "status" in wanted:
                status = [session["status"] for session in group["sessions"]]
                expect("server: status", status, [f"STATUS_{wanted['status'].upper()}"])
            last = {(m["name"]["group"], m["name"]["tag"]): m["value"] for m in group["metricValues"]}
            for run, own in wanted.get("runs", {}).items():
                for tag, values in own.get("scalars", {}).items():
                    expect(f"server: {run} {tag} beside the hyperparameters", last.get((run, tag)), near(values[-1][1]))


def main(folder, expected):
    with open(expected) as file:
        wanted = json.load(file)
    runs = {run: check_run(folder, run, own) for run, own in wanted.get("runs", {}).items()}
    if "hyperparameters" in wanted or "status" in wanted:
        data = runs.get(".") or event_accumulator.EventAccumulator(folder, {"tensors": 0}).Reload()
        check_hparams(data, wanted)
    check_server(folder, wanted)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} differences" if problems else "as expected")
    return 1 if problems else 0


sys.exit(main(*sys.argv[1:]))
