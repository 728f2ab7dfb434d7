// Average pooling, forward, one thread per output element.
//
//   y[b,oy,ox,c] = mean over the taps ky,kx inside the image of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, c])
//   act(v) = max(0, scale[c]*v + shift[c]) with PROLOGUE, else v
//
// Taps outside the image are left out of the sum and of the count (TensorFlow's rule for 'same').
// Variants: naive (this, any shape) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel pool.averageForward

alias Real = f32;

const KERNEL: u32 = 2;
const STRIDE: u32 = 2;
const PAD: u32 = 0;
const PROLOGUE: bool = false;
const WORKGROUP: u32 = 64;

// Channels, strides and offsets are counted in Reals.
struct Params {
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
  outHeight: u32,
  outWidth: u32,
  xPixelStride: u32,
  xOffset: u32,
  yPixelStride: u32,
  yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read> affine: array<Real>;  // [scale | shift][c]
@group(0) @binding(3) var<storage, read_write> y: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let pixel = i / params.channels;
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let b = pixel / (params.outWidth * params.outHeight);
  if (b >= params.batch) { return; }

  var sum = Real(0.0);
  var count = 0.0;
  // KERNEL * KERNEL in a form that is not unrolled: nine copies of the body take lavapipe 0.4 s to compile.
  let taps = KERNEL * min(KERNEL, params.outWidth * KERNEL);
  for (var tap = 0u; tap < taps; tap++) {
    // Unsigned: a row above the image wraps to a huge number, so one comparison covers both ends.
    let iy = oy * STRIDE + tap / KERNEL - PAD;
    let ix = ox * STRIDE + tap % KERNEL - PAD;
    if (iy >= params.height || ix >= params.width) { continue; }
    var v = x[((b * params.height + iy) * params.width + ix) * params.xPixelStride + params.xOffset + c];
    if (PROLOGUE) { v = relu(v * affine[c] + affine[params.channels + c]); }
    sum += v;
    count += 1.0;
  }
  y[pixel * params.yPixelStride + params.yOffset + c] = sum / count;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: Real) -> Real { return select(v, Real(0.0), v < Real(0.0)); }
