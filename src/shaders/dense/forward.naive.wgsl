// Fully connected layer, forward, one thread per output.
//
//   y[b,n] = bias[n] + sum over k of  x[b,k] * weights[k,n]
//
// Variants: naive (this, any shape) -> tiled (four rows of the batch per thread, x in vec4s).
// Check and race: npx chexgpu doctor --kernel dense.forward

const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  inputs: u32,
  outputs: u32,
  xPixelStride: u32,
  xOffset: u32,
  yPixelStride: u32,
  yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;   // [k,n]
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let n = i % params.outputs;
  let b = i / params.outputs;
  if (b >= params.batch) { return; }
  var sum = 0.0;
  for (var k = 0u; k < params.inputs; k++) {
    sum += x[b * params.xPixelStride + params.xOffset + k] * weights[k * params.outputs + n];
  }
  y[b * params.yPixelStride + params.yOffset + n] = sum + bias[n];
}
