// Convolution, forward: a register tile of PIXELS output pixels by 4*OUT4 output channels per thread. No barrier, no
// workgroup memory.
//
//   y[b,oy,ox,co] = sum over ky,kx,ci of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * weights[ky,kx,ci,co]
//   act: PROLOGUE, and y's EPILOGUE, of forward.naive.wgsl
//
// Per step of four input channels a thread loads PIXELS vec4s of x and 4*OUT4 vec4s of weights and does
// 16*PIXELS*OUT4 multiply-adds. Needs input and output channels that are multiples of four.
//
// Variants, from naive to fast: FORWARD in forward.ts.
// Check and race: npx chexgpu doctor --kernel conv.forward

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const EPILOGUE: bool = false;
const WORKGROUP: u32 = 32;
const PIXELS: u32 = 4;
const OUT4: u32 = 2;

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
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;   // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read> after: array<vec4f>;    // [scale | shift][co/4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let pixelCount = params.batch * params.outHeight * params.outWidth;
  let first = id.x * PIXELS;
  let column = group.y * OUT4;
  let in4 = params.inChannels / 4u;
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
    // The input pixel under this tap, for each output pixel of the tile; 0 for those outside the image.
    /*registers*/ var source: array<u32, PIXELS>;
    /*registers*/ var inside: array<bool, PIXELS>;
    /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
      let iy = top[i] + ky;
      let ix = left[i] + kx;
      let valid = iy < params.inHeight && ix < params.inWidth;
      let at = ((image[i] * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
      source[i] = select(0u, at / 4u, valid);
      inside[i] = valid;
    }
    for (var c = 0u; c < in4; c++) {
      var scale = vec4f(1.0);
      var shift = vec4f(0.0);
      if (PROLOGUE) {
        scale = affine[c];
        shift = affine[in4 + c];
      }
      // v: four input channels of each pixel, after the prologue.
      /*registers*/ var v: array<vec4f, PIXELS>;
      /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
        v[i] = x[source[i] + c];
        if (PROLOGUE) { v[i] = relu(v[i] * scale + shift); }
        if (PAD > 0u) { v[i] = select(vec4f(0.0), v[i], inside[i]); }
      }
      /*unroll*/ for (var o = 0u; o < OUT4; o++) {
        // w0 to w3: four output channels of each of these input channels.
        let row = (tap * params.inChannels + c * 4u) * out4 + min(column + o, out4 - 1u);
        let w0 = weights[row];
        let w1 = weights[row + out4];
        let w2 = weights[row + 2u * out4];
        let w3 = weights[row + 3u * out4];
        /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
          sum[i * OUT4 + o] += v[i].x * w0 + v[i].y * w1 + v[i].z * w2 + v[i].w * w3;
        }
      }
    }
  }
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    /*unroll*/ for (var o = 0u; o < OUT4; o++) {
      if (first + i < pixelCount && column + o < out4) {
        var value = sum[i * OUT4 + o];
        if (EPILOGUE) { value = relu(value * after[column + o] + after[out4 + column + o]); }
        y[((first + i) * params.yPixelStride + params.yOffset) / 4u + column + o] = value;
      }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
