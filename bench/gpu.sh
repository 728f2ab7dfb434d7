#!/usr/bin/env bash
# Everything about the GPU of this machine in one go, and in one JSON file: the kernel check, the benches of
# kernels, model and peers, and PyTorch's DenseNet121 beside them. Wants Node 20, and the npm packages or a dist
# that was built elsewhere; PyTorch only where it is installed. Without a GPU the software adapter is measured, at
# small sizes. A step that fails is entered as failed, and the others go on.
#
#   bench/gpu.sh                                  writes bench/results/<adapter>-<date>.json and .html
#   bench/gpu.sh --out FILE.json                  writes there instead, and the page beside it
#   bench/gpu.sh --size 224 --batch 16            other sizes than the usual ones
#   bench/gpu.sh --steps doctor,kernels,model     some of doctor, kernels, inference, model, peers, torch
set -uo pipefail
cd "$(dirname "$0")/.."

out='' size='' batch='' steps='doctor,kernels,inference,model,peers,torch'
while [ $# -gt 0 ]; do
  case "$1" in
    --out | --size | --batch | --steps)
      [ $# -ge 2 ] || { echo "gpu.sh: $1 wants a value" >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    -h | --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
      exit 0
      ;;
    *)
      echo "gpu.sh: there is no flag $1 (see --help)" >&2
      exit 2
      ;;
  esac
done
for step in ${steps//,/ }; do
  case "$step" in
    doctor | kernels | inference | model | peers | torch) ;;
    *) echo "gpu.sh: there is no step $step (see --help)" >&2; exit 2 ;;
  esac
done
command -v node > /dev/null || { echo 'gpu.sh: there is no node here; install Node 20 or newer' >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A container may have NVIDIA's libraries without the file by which the Vulkan loader finds them.
nvidia_driver() {
  local library
  [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] || return 0
  if compgen -G '/usr/share/vulkan/icd.d/nvidia*.json' > /dev/null; then return 0; fi
  if compgen -G '/etc/vulkan/icd.d/nvidia*.json' > /dev/null; then return 0; fi
  for library in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
    if ldconfig -p 2> /dev/null | grep -q "$library"; then
      printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"1.3.0"}}\n' "$library" \
        > "$work/nvidia_icd.json"
      export VK_DRIVER_FILES="$work/nvidia_icd.json" VK_ICD_FILENAMES="$work/nvidia_icd.json"
      echo "NVIDIA's Vulkan driver: $library"
      return 0
    fi
  done
}
nvidia_driver
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp}

# A dist of these very sources may have come along; else it is built here.
built="import('./scripts/sources.mjs').then((m) => process.exit(m.isBuilt(process.cwd() + '/') ? 0 : 1))"
node --input-type=module -e "$built" || node scripts/setup.mjs || exit 1
chexgpu() { node dist/cli/main.js "$@"; }

wanted() { [[ ",$steps," == *",$1,"* ]]; }
documents=() attached=() failed=()

# step NAME COMMAND...: what it prints is shown; a failure is kept as NAME's result.
step() {
  local name=$1 code=0 started=$SECONDS
  shift
  echo "== $name"
  "$@" || code=$?
  echo "== $name ended with $code after $((SECONDS - started)) s"
  [ "$code" -eq 0 ] && return 0
  failed+=("$name")
  printf '{"failed":true,"exitCode":%d}\n' "$code" > "$work/$name-failed.json"
  attached+=(--attach "$name-failed=$work/$name-failed.json")
}

# bench NAME COMMAND...: as step, for what writes a document with --out.
bench() {
  local name=$1
  shift
  step "$name" "$@" --out "$work/$name.json"
  # With a failed check too: the document says which.
  if [ -s "$work/$name.json" ]; then documents+=("$work/$name.json"); fi
}

# Of the checks only how many there were and those that failed.
doctor() {
  chexgpu doctor --json > "$work/doctor-all.json"
  local code=$?
  node -e '
    const { readFileSync, writeFileSync } = require("fs");
    const { selfTest = [], race, ...rest } = JSON.parse(readFileSync(process.argv[1], "utf8"));
    const failed = selfTest.filter(({ ok }) => !ok);
    writeFileSync(process.argv[2], JSON.stringify({ ...rest, checks: selfTest.length, failed }));
  ' "$work/doctor-all.json" "$work/doctor.json"
  return "$code"
}
torch() { python3 bench/torch_baseline.py ${size:+--size "$size"} ${batch:+--batch "$batch"} > "$work/torch.json"; }

# First, so that the sizes suit the adapter; it also gives the document that the rest is merged into.
echo '== peaks'
chexgpu bench peaks --out "$work/peaks.json" || exit 1
documents+=("$work/peaks.json")
kind=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).adapter.kind' "$work/peaks.json")
sizes=(${size:+--size "$size"} ${batch:+--batch "$batch"})
if [ "$kind" = hardware ]; then
  race=() growth=()
else
  echo "There is no GPU here: $kind is measured, at small sizes."
  race=(--jobs trainStep,memory --rounds 1) growth=(--budget 60)
fi

if wanted doctor; then
  step doctor doctor
  if [ -s "$work/doctor.json" ]; then attached+=(--attach "doctor=$work/doctor.json"); fi
fi
if wanted kernels; then bench kernels chexgpu bench kernels "${sizes[@]}"; fi
if wanted model; then bench model chexgpu bench model --scaling "${growth[@]}" "${sizes[@]}"; fi
if wanted peers; then bench peers chexgpu bench peers "${race[@]}"; fi
if wanted inference; then
  # A document has one section of kernels, those of training; these stand beside it.
  step inference chexgpu bench kernels --plan predict "${sizes[@]}" --out "$work/inference.json"
  if [ -s "$work/inference.json" ]; then attached+=(--attach "inference=$work/inference.json"); fi
fi
if wanted torch; then
  step torch torch
  if [ -s "$work/torch.json" ]; then attached+=(--attach "torch=$work/torch.json"); fi
fi

[ -n "$out" ] || out=bench/results/
case "$out" in
  */) page=$out ;;
  *) page="${out%.json}.html" ;;
esac
chexgpu bench show "${documents[@]}" "${attached[@]}" --out "$out" --html "$page" --overwrite || exit 1
for name in "${failed[@]}"; do echo "failed: $name"; done
[ "${#failed[@]}" -eq 0 ]
