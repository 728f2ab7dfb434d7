// Copies channels from one tensor into another, with what a layer does to each value alone; one thread per element.
//
//   y[p,c] = act(x[p,c])      act(v) = v, then scale[c]*v + shift[c] with AFFINE, then max(0, v) with RELU
//
// A block's buffer cannot be read and written in one dispatch, so a layer without a bottleneck makes its
// channels elsewhere and has them copied; batch norms with no convolution behind them are applied here too.
// Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel pointwise.apply

alias Real = f32;

const AFFINE: bool = false;
const RELU: bool = false;
const WORKGROUP: u32 = 64;

// Channels, strides and offsets are counted in Reals.
struct Params {
  pixels: u32,
  channels: u32,
  xPixelStride: u32,
  xOffset: u32,
  yPixelStride: u32,
  yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read> affine: array<Real>;     // [scale | shift][c]
@group(0) @binding(3) var<storage, read_write> y: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let p = i / params.channels;
  if (p >= params.pixels) { return; }
  var v = x[p * params.xPixelStride + params.xOffset + c];
  if (AFFINE) { v = v * affine[c] + affine[params.channels + c]; }
  if (RELU) { v = relu(v); }
  y[p * params.yPixelStride + params.yOffset + c] = v;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: Real) -> Real { return select(v, Real(0.0), v < Real(0.0)); }
