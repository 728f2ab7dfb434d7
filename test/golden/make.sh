#!/usr/bin/env bash
# Makes the reference values of this folder again: bash make.sh [NAME ...], NAME as in README.md's first column
# without .json. Virtual environments go to .cache/golden of the project and are kept.
# PYTHON311 and PYTHON37 name the interpreters; CHEXGPU_DATA a folder of real files.
set -uo pipefail
cd "$(dirname "$0")"
environments=$(realpath ../..)/.cache/golden
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

# make FILE ENVIRONMENT SCRIPT [ARGUMENT ...]
make() {
  local file=$1 name=$2 python
  shift 2
  is_wanted "$file" || return
  echo "== $file: $* ($name)"
  if ! python=$(environment "$name"); then
    left_out+=("$file: the environment $name could not be made")
  elif ! "$python" "$@"; then
    left_out+=("$file: $* failed")
  fi
}

wanted=("$@")
make gradients keras make_gradients.py
make forward keras make_forward.py # and gradcam
make steps keras make_steps.py
make steps keras23 make_steps_keras23.py
make keras_layouts keras make_keras_h5.py layouts keras_layouts.json
make keras_models keras make_keras_models.py keras_models.json
make keras_models keras23 make_keras_models.py keras_models.json
make keras_architectures keras make_keras_architectures.py keras_architectures.json
make hdf5_kinds keras make_hdf5_kinds.py hdf5_kinds.json
make torch_weights torchvision make_torch_weights.py
make generator generator110 make_generator.py
make generator generator112 make_generator.py
make generator generatortf make_generator.py
make scores keras make_scores.py scores.json ${CHEXGPU_DATA:+"$CHEXGPU_DATA"}
make evaluate keras make_evaluate.py evaluate.json
make losses keras make_losses.py losses.json keras
make losses torchvision make_losses.py losses.json torchvision
make colormap keras make_colormap.py colormap.json
if [ -n "${CHEXGPU_DATA:-}" ]; then
  make keras1 keras make_keras1.py "$CHEXGPU_DATA/keras-h5/densenet-40-12-cifar10.keras1.h5"
elif is_wanted keras1; then
  left_out+=('keras1: CHEXGPU_DATA is not set')
fi

for reason in "${left_out[@]}"; do echo "left out: $reason"; done
[ ${#left_out[@]} -eq 0 ]
