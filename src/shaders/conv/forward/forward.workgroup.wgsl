// Convolution, forward: an implicit GEMM through workgroup memory, for GPUs with fast workgroup memory and barriers.
//
//   y[b,oy,ox,co] = sum over ky,kx,ci of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * weights[ky,kx,ci,co]
//   act: PROLOGUE of forward.naive.wgsl; EPILOGUE and STATISTICS as in forward.subgroup.wgsl (a workgroup is a slice)
//
// The GEMM: rows are output pixels (of all images, one after the other), columns are output channels, and the sum runs
// over taps and input channels. A workgroup computes a tile of TILE_M pixels by TILE_N channels; a thread ROWS by
// 4*COLUMNS4 of them, in registers. A step is TILE_K input channels of one tap:
//   1. every thread loads its part of the step's x and weights from the buffers (while step 3 of the step before runs),
//   2. lays them out in workgroup memory, x after its prologue: xs[pixel][ci/4], ws[ci][co/4],
//   3. and does 4*TILE_K*ROWS*COLUMNS4 multiply-adds on TILE_K*(ROWS/4 + COLUMNS4) vec4s from there.
// A thread's pixels lie DOWN apart and its vec4s ACROSS, so that neighbouring threads read neighbouring vec4s.
// WORKGROUP is TILE_M/ROWS * TILE_N/(4*COLUMNS4); it divides the vec4s of either tile and is a multiple of TILE_K/4.
// Any subgroup size, also none. Needs channels that are multiples of four on both sides.
//
// Variants, from naive to fast: FORWARD in forward.ts.
// Check and race: npx chexgpu doctor --kernel conv.forward

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const EPILOGUE: bool = false;
const STATISTICS: bool = false;
const WORKGROUP: u32 = 128;
const TILE_M: u32 = 128;
const TILE_N: u32 = 32;
const TILE_K: u32 = 16;
const ROWS: u32 = 8;
const COLUMNS4: u32 = 1;
const K4: u32 = TILE_K / 4;
const N4: u32 = TILE_N / 4;
const DOWN: u32 = TILE_M / ROWS;
const ACROSS: u32 = N4 / COLUMNS4;
const XS: u32 = TILE_M * K4 / WORKGROUP;   // vec4s of x that one thread lays out per step
const WS: u32 = TILE_K * N4 / WORKGROUP;   // and of the weights

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
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // [b,h,w,ci/4]
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;        // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;         // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read> after: array<vec4f>;          // [scale | shift][co/4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;        // [b,oh,ow,co/4]
@group(0) @binding(6) var<storage, read_write> parts: array<vec4f>;    // [workgroup][mean | squares][co/4]
var<workgroup> xs: array<vec4f, TILE_M * K4>;   // [pixel][ci/4]
var<workgroup> ws: array<vec4f, TILE_K * N4>;   // [ci][co/4]; for STATISTICS sums of the threads

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let pixelCount = params.batch * params.outHeight * params.outWidth;
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;
  let tx = thread % ACROSS;
  let ty = thread / ACROSS;

  // Of the pixels that this thread lays out: x and y of the window's corner in the input (may be below 0, so wrapped),
  // and the image.
  /*registers*/ var corner: array<vec3u, XS>;
  /*unroll*/ for (var j = 0u; j < XS; j++) {
    let pixel = min(group.x * TILE_M + (thread + j * WORKGROUP) / K4, pixelCount - 1u);
    let row = pixel / params.outWidth;
    let left = pixel % params.outWidth * STRIDE - PAD;
    let top = row % params.outHeight * STRIDE - PAD;
    corner[j] = vec3u(left, top, row / params.outHeight);
  }

  // What this thread lays out for the next step.
  /*registers*/ var source: array<u32, XS>;
  /*registers*/ var inside: array<bool, XS>;
  /*registers*/ var nextX: array<vec4f, XS>;
  /*registers*/ var nextW: array<vec4f, WS>;
  var scale = vec4f(1.0);
  var shift = vec4f(0.0);
  var exist = false;   // whether its four input channels do

  /*registers*/ var sum: array<vec4f, ROWS * COLUMNS4>;   // [pixel][co/4]
  let chunks = (in4 + K4 - 1u) / K4;
  let steps = KERNEL * KERNEL * chunks;
  for (var step = 0u; step <= steps; step++) {
    // What was loaded in the turn before goes into workgroup memory.
    if (step > 0u) {
      workgroupBarrier();
      /*unroll*/ for (var j = 0u; j < XS; j++) {
        var v = nextX[j];
        if (PROLOGUE) { v = relu(v * scale + shift); }
        xs[thread + j * WORKGROUP] = select(vec4f(0.0), v, inside[j] && exist);
      }
      /*unroll*/ for (var j = 0u; j < WS; j++) { ws[thread + j * WORKGROUP] = nextW[j]; }
      workgroupBarrier();
    }

    // The loads for the next step are under way while this one is multiplied.
    if (step < steps) {
      let tap = step / chunks;
      let c = step % chunks * K4;
      if (c == 0u) {
        /*unroll*/ for (var j = 0u; j < XS; j++) {
          let place = corner[j].xy + vec2u(tap % KERNEL, tap / KERNEL);
          inside[j] = all(place < vec2u(params.inWidth, params.inHeight));
          let pixel = (corner[j].z * params.inHeight + place.y) * params.inWidth + place.x;
          source[j] = select(0u, (pixel * params.xPixelStride + params.xOffset) / 4u, inside[j]);
        }
      }
      let channel = min(c + thread % K4, in4 - 1u);
      exist = c + thread % K4 < in4;
      if (PROLOGUE) {
        scale = affine[channel];
        shift = affine[in4 + channel];
      }
      /*unroll*/ for (var j = 0u; j < XS; j++) { nextX[j] = x[source[j] + channel]; }
      /*unroll*/ for (var j = 0u; j < WS; j++) {
        let row = c * 4u + (thread + j * WORKGROUP) / N4;
        let n = group.y * N4 + (thread + j * WORKGROUP) % N4;
        let real = row < params.inChannels && n < out4;
        let at = (tap * params.inChannels + row) * out4 + n;
        nextW[j] = select(vec4f(0.0), weights[select(0u, at, real)], real);
      }
    }

    // sum[pixel][co/4] += xs[pixel][ci] * ws[ci][co/4], four input channels at a time.
    if (step > 0u) {
      for (var k = 0u; k < K4; k++) {
        /*registers*/ var v: array<vec4f, ROWS>;
        /*unroll*/ for (var i = 0u; i < ROWS; i++) { v[i] = xs[(i * DOWN + ty) * K4 + k]; }
        /*unroll*/ for (var q = 0u; q < 4u; q++) {
          /*unroll*/ for (var o = 0u; o < COLUMNS4; o++) {
            let w = ws[(k * 4u + q) * N4 + o * ACROSS + tx];
            /*unroll*/ for (var i = 0u; i < ROWS; i++) { sum[i * COLUMNS4 + o] += v[i][q] * w; }
          }
        }
      }
    }
  }

  let first = group.x * TILE_M + ty;
  let size = f32(min(TILE_M, pixelCount - group.x * TILE_M));   // pixels of the workgroup
  /*unroll*/ for (var o = 0u; o < COLUMNS4; o++) {
    let n = group.y * N4 + o * ACROSS + tx;
    /*unroll*/ for (var i = 0u; i < ROWS; i++) {
      let pixel = first + i * DOWN;
      if (pixel < pixelCount && n < out4) {
        var value = sum[i * COLUMNS4 + o];
        if (EPILOGUE) { value = relu(value * after[n] + after[out4 + n]); }
        y[(pixel * params.yPixelStride + params.yOffset) / 4u + n] = value;
      }
    }
    if (STATISTICS) {
      // The mean comes first, then the squares of what is left without it. Each is added up by every thread over its
      // own pixels, then over the DOWN threads that have the same channels.
      var mean = vec4f(0.0);
      for (var moment = 0u; moment < 2u; moment++) {
        var total = vec4f(0.0);
        /*unroll*/ for (var i = 0u; i < ROWS; i++) {
          let d = select(vec4f(0.0), sum[i * COLUMNS4 + o] - mean, first + i * DOWN < pixelCount);
          total += select(d, d * d, moment == 1u);
        }
        workgroupBarrier();
        ws[thread] = total;
        workgroupBarrier();
        total = vec4f(0.0);
        for (var row = 0u; row < DOWN; row++) { total += ws[row * ACROSS + tx]; }
        if (moment == 0u) {
          total /= size;
          mean = total;
        }
        if (ty == 0u && n < out4) { parts[(group.x * 2u + moment) * out4 + n] = total; }
      }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
