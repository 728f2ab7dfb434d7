// Convolution, forward, one thread per output element.
//
//   y[b,oy,ox,co] = sum over ky,kx,ci of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * weights[ky,kx,ci,co]
//   act(v) = max(0, scale[ci]*v + shift[ci]) with PROLOGUE (batch norm and ReLU of the layer before), else v
//   With EPILOGUE y = max(0, after.scale[co]*y + after.shift[co]): the layer behind, in inference.
//
// Taps outside the image count as zero *after* act: padding follows the ReLU in the network.
// Variants, from naive (this, any shape) to fast: FORWARD in forward.ts.
// Check and race: npx chexgpu doctor --kernel conv.forward

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const EPILOGUE: bool = false;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  inHeight: u32,
  inWidth: u32,
  inChannels: u32,
  outHeight: u32,
  outWidth: u32,
  outChannels: u32,
  xPixelStride: u32,
  xOffset: u32,
  yPixelStride: u32,
  yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;  // [ky,kx,ci,co]
@group(0) @binding(3) var<storage, read> affine: array<f32>;   // [scale | shift][ci]
@group(0) @binding(4) var<storage, read> after: array<f32>;    // [scale | shift][co]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let co = i % params.outChannels;
  let pixel = i / params.outChannels;
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let b = pixel / (params.outWidth * params.outHeight);
  if (b >= params.batch) { return; }

  var sum = 0.0;
  for (var ky = 0u; ky < KERNEL; ky++) {
    for (var kx = 0u; kx < KERNEL; kx++) {
      // Unsigned: a row above the image wraps to a huge number, so one comparison covers both ends.
      let iy = oy * STRIDE + ky - PAD;
      let ix = ox * STRIDE + kx - PAD;
      if (iy >= params.inHeight || ix >= params.inWidth) { continue; }
      let source = ((b * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
      let row = (ky * KERNEL + kx) * params.inChannels;
      for (var ci = 0u; ci < params.inChannels; ci++) {
        var v = x[source + ci];
        if (PROLOGUE) { v = relu(v * affine[ci] + affine[params.inChannels + ci]); }
        sum += v * weights[(row + ci) * params.outChannels + co];
      }
    }
  }
  if (EPILOGUE) { sum = relu(sum * after[co] + after[params.outChannels + co]); }
  y[pixel * params.yPixelStride + params.yOffset + co] = sum;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
