// ReLU with no batch norm in front, backward, one thread per element.
//
//   dx[p,c] (+)= dy[p,c] if x[p,c] > 0, else 0
//
// With ACCUMULATE it adds to dx: a block's channels are read by every later layer of the block.
// Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel pointwise.reluBackward

alias Real = f32;

const ACCUMULATE: bool = false;
const WORKGROUP: u32 = 64;

// Channels, strides and offsets are counted in Reals.
struct Params {
  pixels: u32,
  channels: u32,
  xPixelStride: u32,
  xOffset: u32,
  dyPixelStride: u32,
  dyOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read> dy: array<Real>;
@group(0) @binding(3) var<storage, read_write> dx: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let p = i / params.channels;
  if (p >= params.pixels) { return; }
  let v = x[p * params.xPixelStride + params.xOffset + c];
  let d = select(Real(0.0), dy[p * params.dyPixelStride + params.dyOffset + c], v > Real(0.0));
  let at = p * params.dxPixelStride + params.dxOffset + c;
  if (ACCUMULATE) {
    dx[at] += d;
  } else {
    dx[at] = d;
  }
}
