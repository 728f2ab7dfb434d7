// Fully connected layer, forward: ROWS rows of the batch by one output per thread. Formula: forward.naive.wgsl.
//
// Per step of four inputs a thread loads ROWS vec4s of x and 4 weights and does 4*ROWS multiply-adds.
// Needs inputs that are a multiple of four; outputs may be any number (the head has 14).
// Check and race: npx chexgpu doctor --kernel dense.forward

const ROWS: u32 = 4;
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
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;   // [k,n]
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let n = i % params.outputs;
  let first = (i / params.outputs) * ROWS;
  if (first >= params.batch) { return; }

  var source: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    source[r] = (min(first + r, params.batch - 1u) * params.xPixelStride + params.xOffset) / 4u;
  }
  var sum: array<f32, ROWS>;
  for (var k = 0u; k < params.inputs / 4u; k++) {
    let row = k * 4u * params.outputs + n;
    let w = vec4f(
      weights[row],
      weights[row + params.outputs],
      weights[row + 2u * params.outputs],
      weights[row + 3u * params.outputs],
    );
    for (var r = 0u; r < ROWS; r++) { sum[r] += dot(x[source[r] + k], w); }
  }
  for (var r = 0u; r < ROWS; r++) {
    if (first + r < params.batch) { y[(first + r) * params.yPixelStride + params.yOffset + n] = sum[r] + bias[n]; }
  }
}
