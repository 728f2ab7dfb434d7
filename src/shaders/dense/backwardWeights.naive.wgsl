// Fully connected layer, gradients with respect to weights and bias, one thread per parameter.
//
//   dw[k,n] = sum over b of  x[b,k] * dy[b,n]          db[n] = sum over b of  dy[b,n]
//
// The bias is the weight of one more input, row k = inputs, that is always 1.
// It is so little work that nothing faster is worth its text (a faster one took 0.6 ms of a training step off on
// SwiftShader, 0.2 ms on lavapipe; 2026-11-27).
// Check and race: npx chexgpu doctor --kernel dense.backwardWeights

const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  inputs: u32,
  outputs: u32,
  xPixelStride: u32,
  xOffset: u32,
  dyPixelStride: u32,
  dyOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;   // [k,n]
@group(0) @binding(4) var<storage, read_write> db: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let n = i % params.outputs;
  let k = i / params.outputs;
  if (k > params.inputs) { return; }
  var sum = 0.0;
  for (var b = 0u; b < params.batch; b++) {
    var v = 1.0;
    if (k < params.inputs) { v = x[b * params.xPixelStride + params.xOffset + k]; }
    sum += v * dy[b * params.dyPixelStride + params.dyOffset + n];
  }
  if (k < params.inputs) {
    dw[i] = sum;
  } else {
    db[n] = sum;
  }
}
