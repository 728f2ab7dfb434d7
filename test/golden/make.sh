#!/usr/bin/env bash
# Makes the reference values below this folder again: bash make.sh [NAME ...], NAME as in README.md's first column,
# without folder and .json. Virtual environments go to .cache/golden of the project and are kept.
# PYTHON311 and PYTHON37 name the interpreters; CHEXGPU_DATA a folder of real files.
set -uo pipefail
cd "$(dirname "$0")"
environments=$(realpath ../..)/.cache/golden
# Drawn tensors and sketches, which the scripts of several folders share.
export PYTHONPATH=$PWD/shared
left_out=()

# environment NAME: its python, made when missing
environment() {
  local name=$1 interpreter=${PYTHON311:-python3.11}
  [ "$name" = keras23 ] && interpreter=${PYTHON37:-python3.7}
  local python=$environments/$name/bin/python
  if [ ! -f "$environments/$name/complete" ]; then
    "$interpreter" -m venv "$environments/$name" >&2 &&
      "$python" -m pip install --quiet -r "requirements/$name.txt" >&2 || return 1
    touch "$environments/$name/complete"
  fi
  echo "$python"
}

# is_wanted FILE: named on the command line, or nothing is
is_wanted() { [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]; }

# make FILE ENVIRONMENT SCRIPT [ARGUMENT ...]: runs the script in its own folder, where it writes
make() {
  local file=$1 name=$2 script=$3 python
  shift 3
  is_wanted "$file" || return
  echo "== $file: $script $* ($name)"
  if ! python=$(environment "$name"); then
    left_out+=("$file: the environment $name could not be made")
  elif ! (cd "$(dirname "$script")" && "$python" "$(basename "$script")" "$@"); then
    left_out+=("$file: $script failed")
  fi
}

wanted=("$@")
make gradients keras network/make_gradients.py
make activations keras network/make_activations.py
make forward keras network/make_forward.py # and gradcam
make deeper keras network/make_deeper.py deeper.json torch
make deeper keras network/make_deeper.py deeper.json keras
make steps keras training/make_steps.py
make steps keras23 training/make_steps_keras23.py
make optimizers keras training/make_optimizers.py
make updates keras updates/make_updates.py updates.json keras
make updates keras updates/make_updates.py updates.json torch
make layers keras layers/make_layers.py
make losses keras training/make_losses.py losses.json keras
make losses torchvision training/make_losses.py losses.json torchvision
make labels keras labels/make_labels.py labels.json ../training/losses.json
make schedules keras training/make_schedules.py schedules.json torch
make schedules keras training/make_schedules.py schedules.json keras
make callbacks keras training/make_callbacks.py callbacks.json
make formats keras training/make_formats.py formats.json
make tensorboard keras training/tensorboard/make_tensorboard.py
make keras_layouts keras keras/make_keras_h5.py layouts keras_layouts.json
make keras_models keras keras/make_keras_models.py keras_models.json
make keras_models keras23 keras/make_keras_models.py keras_models.json
make keras_optimizers keras keras/optimizers/make_keras_optimizers.py keras_optimizers.json
make keras_optimizers keras23 keras/optimizers/make_keras_optimizers.py keras_optimizers.json
make keras_architectures keras keras/make_keras_architectures.py keras_architectures.json
make hdf5_kinds keras keras/make_hdf5_kinds.py hdf5_kinds.json
make npz keras keras/make_npz.py
make torch_weights torchvision torch/make_torch_weights.py
make half torchvision torch/make_half.py half.json
make generator generator110 generator/make_generator.py
make generator generator112 generator/make_generator.py
make generator generatortf generator/make_generator.py
make crop torchvision generator/make_crop.py
make bootstrap keras eval/make_bootstrap.py bootstrap.json
make scores keras eval/make_scores.py scores.json ${CHEXGPU_DATA:+"$CHEXGPU_DATA"}
make evaluate keras eval/make_evaluate.py evaluate.json
make colormap keras eval/make_colormap.py colormap.json
if [ -n "${CHEXGPU_DATA:-}" ]; then
  make keras1 keras keras/make_keras1.py "$CHEXGPU_DATA/keras-h5/densenet-40-12-cifar10.keras1.h5"
elif is_wanted keras1; then
  left_out+=('keras1: CHEXGPU_DATA is not set')
fi

for reason in "${left_out[@]}"; do echo "left out: $reason"; done
[ ${#left_out[@]} -eq 0 ]
