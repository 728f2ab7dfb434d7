// Convolution, forward, input channels one at a time, weights shared in the subgroup: for the stem, whose image has
// three channels, and where a quarter of the code compiles in a quarter of the time (subgroupTiles.ts). No barrier, no
// workgroup memory.
//
//   y[b,oy,ox,co] = sum over ky,kx,ci of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * weights[ky,kx,ci,co]
//   act: PROLOGUE of forward.naive.wgsl; EPILOGUE, STATISTICS and how lanes share: forward.subgroup.wgsl
//
// CHANNELS, a divisor of the input channels, are taken in a row: a turn of the loop moves all sums through memory on
// SwiftShader. A step is one input channel of one tap: OUT4 vec4s of weights, one float of x per pixel,
// 4*PIXELS*OUT4 multiply-adds. Needs output channels that are a multiple of 4*OUT4, and of LANES.
//
// Variants, from naive to fast: FORWARD in forward.ts.
// Check and race: npx chexgpu doctor --kernel conv.forward
enable subgroups;

const KERNEL: u32 = 7;
const STRIDE: u32 = 2;
const PAD: u32 = 3;
const PROLOGUE: bool = false;
const EPILOGUE: bool = false;
const STATISTICS: bool = false;
const WORKGROUP: u32 = 4;
const LANES: u32 = 4;
const PIXELS: u32 = 8;
const OUT4: u32 = 8;
const CHANNELS: u32 = 1;
const SHARE: u32 = (OUT4 + LANES - 1) / LANES;   // vec4s of the weights of a step that one lane loads

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
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;        // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> affine: array<f32>;           // [scale | shift][ci]
@group(0) @binding(4) var<storage, read> after: array<vec4f>;          // [scale | shift][co/4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> parts: array<vec4f>;    // [workgroup][mean | squares][co/4]

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
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
    image[i] = pixel / (params.outWidth * params.outHeight) * params.inHeight;
  }
  // Where this lane's vec4s of a step lie: number lane, lane + LANES, ... of [OUT4]; idle lanes repeat the last.
  /*registers*/ var mine: array<u32, SHARE>;
  /*unroll*/ for (var j = 0u; j < SHARE; j++) {
    mine[j] = column + min(lane % LANES + j * LANES, OUT4 - 1u);
  }
  /*registers*/ var sum: array<vec4f, PIXELS * OUT4>;   // [pixel][co/4]

  var row = 0u;   // where the weights of the step begin
  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
    // The input pixel under this tap, for each output pixel of the tile; 0 for those outside the image.
    /*registers*/ var source: array<u32, PIXELS>;
    /*registers*/ var inside: array<bool, PIXELS>;
    /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
      let iy = top[i] + tap / KERNEL;
      let ix = left[i] + tap % KERNEL;
      inside[i] = iy < params.inHeight && ix < params.inWidth;
      let at = ((image[i] + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
      source[i] = select(0u, at, inside[i]);
    }
    for (var firstChannel = 0u; firstChannel < params.inChannels; firstChannel += CHANNELS) {
      /*unroll*/ for (var k = 0u; k < CHANNELS; k++) {
        let c = firstChannel + k;
        // share: this lane's part of weights[tap, c, column..column+OUT4-1].
        /*registers*/ var share: array<vec4f, SHARE>;
        /*unroll*/ for (var j = 0u; j < SHARE; j++) { share[j] = weights[row + mine[j]]; }
        row += out4;
        // v: this input channel of each pixel, after the prologue.
        var scale = 1.0;
        var shift = 0.0;
        if (PROLOGUE) {
          scale = affine[c];
          shift = affine[params.inChannels + c];
        }
        /*registers*/ var v: array<f32, PIXELS>;
        /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
          v[i] = x[source[i] + c];
          if (PROLOGUE) { v[i] = relu(v[i] * scale + shift); }
          if (PAD > 0u) { v[i] = select(0.0, v[i], inside[i]); }
        }
        /*unroll*/ for (var o = 0u; o < OUT4; o++) {
          let w = subgroupShuffle(share[o / LANES], o % LANES);
          /*unroll*/ for (var i = 0u; i < PIXELS; i++) { sum[i * OUT4 + o] += v[i] * w; }
        }
      }
    }
  }

  // From registers to memory: what follows is done once per tile, and loops keep the compiler's work small.
  var tile: array<vec4f, PIXELS * OUT4>;
  /*unroll*/ for (var s = 0u; s < PIXELS * OUT4; s++) { tile[s] = sum[s]; }
  let count = min(pixelCount - min(first, pixelCount), PIXELS);
  for (var o = 0u; o < OUT4; o++) {
    var scale = vec4f(1.0);
    var shift = vec4f(0.0);
    if (EPILOGUE) {
      scale = after[column + o];
      shift = after[out4 + column + o];
    }
    for (var i = 0u; i < count; i++) {
      var value = tile[i * OUT4 + o];
      if (EPILOGUE) { value = relu4(value * scale + shift); }
      y[((first + i) * params.yPixelStride + params.yOffset) / 4u + column + o] = value;
    }
  }

  // Two passes over the pixels of the subgroup: the mean first, then the squares of what is left without it.
  if (STATISTICS) {
    let n = f32(min(PIXELS * LANES, pixelCount - group.x * PIXELS * LANES));
    for (var o = 0u; o < OUT4; o++) {
      var total = vec4f(0.0);
      for (var i = 0u; i < count; i++) { total += tile[i * OUT4 + o]; }
      let mean = subgroupAdd(total) / n;
      var squares = vec4f(0.0);
      for (var i = 0u; i < count; i++) {
        let d = tile[i * OUT4 + o] - mean;
        squares += d * d;
      }
      squares = subgroupAdd(squares);
      let at = group.x * 2u * out4 + column + o;
      if (lane == 0u) {
        parts[at] = mean;
        parts[at + out4] = squares;
      }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
fn relu4(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
