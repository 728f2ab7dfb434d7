// Global average pooling, forward, one thread per output element.
//
//   y[b,c] = mean over h,w of  act(x[b,h,w,c])
//   act(v) = max(0, scale[c]*v + shift[c]) with PROLOGUE (batch norm and ReLU of the layer before), else v
//
// Variants: naive (this, any shape) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel pool.globalForward

alias Real = f32;

const PROLOGUE: bool = true;
const WORKGROUP: u32 = 64;

// Channels, strides and offsets are counted in Reals.
struct Params {
  batch: u32,
  positions: u32,
  channels: u32,
  xPixelStride: u32,
  xOffset: u32,
  yPixelStride: u32,
  yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read> affine: array<Real>;   // [scale | shift][c]
@group(0) @binding(3) var<storage, read_write> y: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let b = i / params.channels;
  if (b >= params.batch) { return; }

  var scale = Real(1.0);
  var shift = Real(0.0);
  if (PROLOGUE) {
    scale = affine[c];
    shift = affine[params.channels + c];
  }
  var sum = Real(0.0);
  for (var position = 0u; position < params.positions; position++) {
    var v = x[(b * params.positions + position) * params.xPixelStride + params.xOffset + c];
    if (PROLOGUE) { v = relu(v * scale + shift); }
    sum += v;
  }
  y[b * params.yPixelStride + params.yOffset + c] = sum / f32(params.positions);
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: Real) -> Real { return select(v, Real(0.0), v < Real(0.0)); }
