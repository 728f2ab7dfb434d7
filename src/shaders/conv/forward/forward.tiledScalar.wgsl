// Convolution, forward, input channels one at a time: the register tile for the stem, whose image has three channels.
// No barrier, no workgroup memory.
//
//   y[b,oy,ox,co] = sum over ky,kx,ci of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * weights[ky,kx,ci,co]
//   act: PROLOGUE, and y's EPILOGUE, of forward.naive.wgsl
//
// Per tap and input channel a thread loads PIXELS floats of x and OUT4 vec4s of weights and does 4*PIXELS*OUT4
// multiply-adds. Needs output channels that are a multiple of four.
//
// Variants, from naive to fast: FORWARD in forward.ts.
// Check and race: npx chexgpu doctor --kernel conv.forward

const KERNEL: u32 = 7;
const STRIDE: u32 = 2;
const PAD: u32 = 3;
const PROLOGUE: bool = false;
const EPILOGUE: bool = false;
const WORKGROUP: u32 = 32;
const PIXELS: u32 = 4;
const OUT4: u32 = 4;

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
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> affine: array<f32>;     // [scale | shift][ci]
@group(0) @binding(4) var<storage, read> after: array<vec4f>;    // [scale | shift][co/4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let pixelCount = params.batch * params.outHeight * params.outWidth;
  let first = id.x * PIXELS;
  let column = group.y * OUT4;
  let out4 = params.outChannels / 4u;

  // Corner of each output pixel's window, in input coordinates (may be negative, hence wrapped).
  /*registers*/ var top: array<u32, PIXELS>;
  /*registers*/ var left: array<u32, PIXELS>;
  /*registers*/ var image: array<u32, PIXELS>;
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    let pixel = min(first + i, pixelCount - 1u);
    left[i] = (pixel % params.outWidth) * STRIDE - PAD;
    top[i] = ((pixel / params.outWidth) % params.outHeight) * STRIDE - PAD;
    image[i] = pixel / (params.outWidth * params.outHeight);
  }
  /*registers*/ var sum: array<vec4f, PIXELS * OUT4>;   // [pixel][co/4]

  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
    let ky = tap / KERNEL;
    let kx = tap % KERNEL;
    for (var ci = 0u; ci < params.inChannels; ci++) {
      // v: this input channel of each pixel, after the prologue.
      /*registers*/ var v: array<f32, PIXELS>;
      /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
        let iy = top[i] + ky;
        let ix = left[i] + kx;
        let valid = iy < params.inHeight && ix < params.inWidth;
        let at = ((image[i] * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
        var value = x[select(0u, at + ci, valid)];
        if (PROLOGUE) { value = relu(value * affine[ci] + affine[params.inChannels + ci]); }
        v[i] = select(0.0, value, valid);
      }
      /*unroll*/ for (var o = 0u; o < OUT4; o++) {
        let w = weights[(tap * params.inChannels + ci) * out4 + min(column + o, out4 - 1u)];
        /*unroll*/ for (var i = 0u; i < PIXELS; i++) { sum[i * OUT4 + o] += v[i] * w; }
      }
    }
  }
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    /*unroll*/ for (var o = 0u; o < OUT4; o++) {
      if (first + i < pixelCount && column + o < out4) {
        var value = sum[i * OUT4 + o];
        if (EPILOGUE) { value = relu4(value * after[column + o] + after[out4 + column + o]); }
        y[((first + i) * params.yPixelStride + params.yOffset) / 4u + column + o] = value;
      }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
fn relu4(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
