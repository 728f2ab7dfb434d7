// Max pooling, forward, one thread per output element.
//
//   y[b,oy,ox,c] = max over ky,kx of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, c])
//   argmax[b,oy,ox,c] = ky*KERNEL + kx of the first tap, row by row, that reaches it
//   act(v) = max(0, scale[c]*v + shift[c]) with PROLOGUE (batch norm and ReLU of the layer before), else v
//
// Taps outside the image are zeros *after* act and take part (Keras: ZeroPadding2D, then a valid pooling).
// Variants: naive (this, any shape) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel pool.maxForward

alias Real = f32;
alias Whole = u32;
alias Truth = bool;

const KERNEL: u32 = 3;
const STRIDE: u32 = 2;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
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
@group(0) @binding(2) var<storage, read> affine: array<Real>;          // [scale | shift][c]
@group(0) @binding(3) var<storage, read_write> y: array<Real>;
@group(0) @binding(4) var<storage, read_write> argmax: array<Whole>;   // [b,oh,ow,c], dense

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let pixel = i / params.channels;
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let b = pixel / (params.outWidth * params.outHeight);
  if (b >= params.batch) { return; }

  var scale = Real(1.0);
  var shift = Real(0.0);
  if (PROLOGUE) {
    scale = affine[c];
    shift = affine[params.channels + c];
  }
  var best = Real(0.0);
  var first = Whole(0u);
  // KERNEL * KERNEL in a form that is not unrolled: nine copies of the body take lavapipe 0.4 s to compile.
  let taps = KERNEL * min(KERNEL, params.outWidth * KERNEL);
  for (var tap = 0u; tap < taps; tap++) {
    // Unsigned: a row above the image wraps to a huge number, so one comparison covers both ends.
    let iy = oy * STRIDE + tap / KERNEL - PAD;
    let ix = ox * STRIDE + tap % KERNEL - PAD;
    var v = Real(0.0);
    if (iy < params.height && ix < params.width) {
      v = x[((b * params.height + iy) * params.width + ix) * params.xPixelStride + params.xOffset + c];
      if (PROLOGUE) { v = relu(v * scale + shift); }
    }
    // NaN compares with nothing: taken when met, kept once there, so that it reaches the loss.
    let better = (v > best) | (v != v) | Truth(tap == 0u);
    best = select(best, v, better);
    first = select(first, Whole(tap), better);
  }
  y[pixel * params.yPixelStride + params.yOffset + c] = best;
  argmax[i] = first;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: Real) -> Real { return select(v, Real(0.0), v < Real(0.0)); }
