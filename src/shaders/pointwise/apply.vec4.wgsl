// Copies channels and applies affine or ReLU, four channels a thread. Formula: apply.naive.wgsl.
//
// Needs channels, strides and offsets that are multiples of four.
// Check and race: npx chexgpu doctor --kernel pointwise.apply

const AFFINE: bool = false;
const RELU: bool = false;
const WORKGROUP: u32 = 64;

struct Params { pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, yPixelStride: u32, yOffset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;     // [scale | shift][c/4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c4 = params.channels / 4u;
  let c = i % c4;
  let p = i / c4;
  if (p >= params.pixels) { return; }
  var v = x[(p * params.xPixelStride + params.xOffset) / 4u + c];
  if (AFFINE) { v = v * affine[c] + affine[c4 + c]; }
  if (RELU) { v = relu(v); }
  y[(p * params.yPixelStride + params.yOffset) / 4u + c] = v;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
