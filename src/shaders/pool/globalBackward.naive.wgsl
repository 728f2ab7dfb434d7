// Global average pooling, backward, one thread per input element.
//
//   dx[b,h,w,c] = dy[b,c] / (height*width)
//
// The gradient is with respect to act(x) of globalForward.naive.wgsl.
// Variants: naive (this, any shape) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel pool.globalBackward

alias Real = f32;

const WORKGROUP: u32 = 64;

// Channels, strides and offsets are counted in Reals.
struct Params {
  batch: u32,
  positions: u32,
  channels: u32,
  dyPixelStride: u32,
  dyOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Real>;
@group(0) @binding(2) var<storage, read_write> dx: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let pixel = i / params.channels;
  let b = pixel / params.positions;
  if (b >= params.batch) { return; }
  let v = dy[b * params.dyPixelStride + params.dyOffset + c];
  dx[pixel * params.dxPixelStride + params.dxOffset + c] = v / f32(params.positions);
}
