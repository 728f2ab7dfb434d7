// Fully connected layer, gradient with respect to the input: ROWS rows of the batch by four inputs a thread.
// Formula: backwardData.naive.wgsl.
//
// Per output a thread loads 4 weights and ROWS floats of dy and does 4*ROWS multiply-adds.
// Needs inputs that are a multiple of four; outputs may be any number (the head has 14).
// Check and race: npx chexgpu doctor --kernel dense.backwardData

const ROWS: u32 = 4;
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
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let inputs4 = params.inputs / 4u;
  let k = i % inputs4;
  let first = (i / inputs4) * ROWS;
  if (first >= params.batch) { return; }

  var source: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    source[r] = min(first + r, params.batch - 1u) * params.dyPixelStride + params.dyOffset;
  }
  var sum: array<vec4f, ROWS>;
  for (var n = 0u; n < params.outputs; n++) {
    let row = k * 4u * params.outputs + n;
    let w = vec4f(
      weights[row],
      weights[row + params.outputs],
      weights[row + 2u * params.outputs],
      weights[row + 3u * params.outputs],
    );
    for (var r = 0u; r < ROWS; r++) { sum[r] += dy[source[r] + n] * w; }
  }
  for (var r = 0u; r < ROWS; r++) {
    if (first + r < params.batch) { dx[((first + r) * params.dxPixelStride + params.dxOffset) / 4u + k] = sum[r]; }
  }
}
