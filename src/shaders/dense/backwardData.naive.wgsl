// Fully connected layer, gradient with respect to the input, one thread per input.
//
//   dx[b,k] = sum over n of  dy[b,n] * weights[k,n]
//
// It is so little work that nothing faster is worth its text (a faster one took 0.3 ms of a training step off on
// SwiftShader, 0.1 ms on lavapipe; 2026-11-27).
// Check and race: npx chexgpu doctor --kernel dense.backwardData

const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  inputs: u32,
  outputs: u32,
  dyPixelStride: u32,
  dyOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;   // [k,n]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let k = i % params.inputs;
  let b = i / params.inputs;
  if (b >= params.batch) { return; }
  var sum = 0.0;
  for (var n = 0u; n < params.outputs; n++) {
    sum += dy[b * params.dyPixelStride + params.dyOffset + n] * weights[k * params.outputs + n];
  }
  dx[b * params.dxPixelStride + params.dxOffset + k] = sum;
}
