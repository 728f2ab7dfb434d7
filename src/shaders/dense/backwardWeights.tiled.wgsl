// Fully connected layer, gradients with respect to weights and bias: a register tile of four inputs by
// OUTPUTS outputs a thread. Formula, and the row of the bias: backwardWeights.naive.wgsl.
//
// Per row of the batch a thread loads one vec4 of x and OUTPUTS floats of dy and does 4*OUTPUTS multiply-adds.
// Needs inputs that are a multiple of four; outputs may be any number (the head has 14).
// Check and race: npx chexgpu doctor --kernel dense.backwardWeights

const OUTPUTS: u32 = 2;
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
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;   // [k,n]
@group(0) @binding(4) var<storage, read_write> db: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let columns = (params.outputs + OUTPUTS - 1u) / OUTPUTS;
  let inputs4 = params.inputs / 4u;
  let n = (i % columns) * OUTPUTS;
  let k = i / columns;
  if (k > inputs4) { return; }

  var sum: array<vec4f, OUTPUTS>;
  for (var b = 0u; b < params.batch; b++) {
    var v = vec4f(1.0);
    if (k < inputs4) { v = x[(b * params.xPixelStride + params.xOffset) / 4u + k]; }
    for (var o = 0u; o < OUTPUTS; o++) {
      sum[o] += v * dy[b * params.dyPixelStride + params.dyOffset + min(n + o, params.outputs - 1u)];
    }
  }
  for (var o = 0u; o < OUTPUTS; o++) {
    if (n + o >= params.outputs) { continue; }
    if (k < inputs4) {
      let row = k * 4u * params.outputs + n + o;
      dw[row] = sum[o].x;
      dw[row + params.outputs] = sum[o].y;
      dw[row + 2u * params.outputs] = sum[o].z;
      dw[row + 3u * params.outputs] = sum[o].w;
    } else {
      db[n + o] = sum[o].x;
    }
  }
}
