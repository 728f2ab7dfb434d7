// ReLU with no batch norm in front, backward, four channels a thread. Formula: reluBackward.naive.wgsl.
//
// Needs channels, strides and offsets that are multiples of four.
// Check and race: npx chexgpu doctor --kernel pointwise.reluBackward

const ACCUMULATE: bool = false;
const WORKGROUP: u32 = 64;

struct Params {
  pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32,
  dyPixelStride: u32, dyOffset: u32, dxPixelStride: u32, dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c4 = params.channels / 4u;
  let c = i % c4;
  let p = i / c4;
  if (p >= params.pixels) { return; }
  let v = x[(p * params.xPixelStride + params.xOffset) / 4u + c];
  let d = select(vec4f(0.0), dy[(p * params.dyPixelStride + params.dyOffset) / 4u + c], v > vec4f(0.0));
  let at = (p * params.dxPixelStride + params.dxOffset) / 4u + c;
  if (ACCUMULATE) { dx[at] += d; } else { dx[at] = d; }
}
