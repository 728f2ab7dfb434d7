// Average pooling, forward, one thread an output element.
//
//   y[b,oy,ox,c] = mean over the taps ky,kx inside the image of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, c])
//   act(v) = max(0, scale[c]*v + shift[c]) with PROLOGUE, else v
//
// Taps outside the image are left out of the sum and of the count (TensorFlow's rule for 'same').
// Variants: naive (this, any shape) -> vec4 (four channels a thread).
// Check and race: npx chexgpu doctor --kernel pool.averageForward

const KERNEL: u32 = 2;
const STRIDE: u32 = 2;
const PAD: u32 = 0;
const PROLOGUE: bool = false;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  xPixelStride: u32, xOffset: u32, yPixelStride: u32, yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;  // [scale | shift][c]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let pixel = i / params.channels;
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let b = pixel / (params.outWidth * params.outHeight);
  if (b >= params.batch) { return; }

  var sum = 0.0;
  var count = 0.0;
  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
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
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
