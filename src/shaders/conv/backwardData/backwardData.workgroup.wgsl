// Convolution, gradient with respect to the input: an implicit GEMM through workgroup memory, for GPUs with fast
// workgroup memory and barriers.
//
//   dx[b,iy,ix,ci] = sum over ky,kx,co of  dy[b, iy+PAD-ky, ix+PAD-kx, co] * weights[ky,kx,ci,co]
//   NORM: goes on through the ReLU and the first half of the batch norm that the convolution read through, as
//   batchnorm/backward/reluBackwardAndSums.naive.wgsl (x, MODE, parts there; a workgroup is a slice)
//
// Tile, steps, constants and what they have to satisfy: forward.workgroup.wgsl, with TILE_N input channels, and TILE_K
// output channels of one tap in a step.
// The weights lie [ci][co], a step wants [co][ci]: they are laid out by input channel modulo four, so that a thread
// finds the vec4s of its four input channels N4 + 1 apart, and its neighbours' beside them.
// Needs channels that are multiples of four on both sides.
//
// Variants, from naive to fast: BACKWARD_DATA in backwardData.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardData

const KERNEL: u32 = 3;
const PAD: u32 = 1;
const NORM: bool = false;
const MODE: u32 = 0;
const WORKGROUP: u32 = 128;
const TILE_M: u32 = 128;
const TILE_N: u32 = 32;
const TILE_K: u32 = 16;
const ROWS: u32 = 8;
const COLUMNS4: u32 = 1;
const K4: u32 = TILE_K / 4;
const N4: u32 = TILE_N / 4;
const W_ROW: u32 = N4 + 1;                 // one vec4 more, so that the lanes' stores fall into different banks
const DOWN: u32 = TILE_M / ROWS;
const ACROSS: u32 = N4 / COLUMNS4;
const YS: u32 = TILE_M * K4 / WORKGROUP;   // vec4s of dy that one thread lays out per step
const WS: u32 = TILE_K * N4 / WORKGROUP;   // and of the weights

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
  dyPixelStride: u32,
  dyOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
  xPixelStride: u32,
  xOffset: u32,
  statsStride: u32,
  statsOffset: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;             // [b,h,w,co/4]
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;        // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> x: array<vec4f>;              // [b,h,w,ci/4]
@group(0) @binding(4) var<storage, read> affine: array<vec4f>;         // [scale | shift][ci/4]
@group(0) @binding(5) var<storage, read> stats: array<vec4f>;          // [mean | variance][ci/4]
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;       // [b,h,w,ci/4]
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;    // [workgroup][dgamma | dbeta][ci/4]
var<workgroup> ys: array<vec4f, TILE_M * K4>;       // [pixel][co/4]; for NORM sums of the threads
var<workgroup> ws: array<vec4f, TILE_K * W_ROW>;    // [co/4][ci%4][ci/4]; likewise

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let pixelCount = params.batch * params.height * params.width;
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;
  let tx = thread % ACROSS;
  let ty = thread / ACROSS;

  // Of the pixels whose dy this thread lays out: x and y, PAD further on, and the image.
  /*registers*/ var corner: array<vec3u, YS>;
  /*unroll*/ for (var j = 0u; j < YS; j++) {
    let pixel = min(group.x * TILE_M + (thread + j * WORKGROUP) / K4, pixelCount - 1u);
    let row = pixel / params.width;
    corner[j] = vec3u(pixel % params.width + PAD, row % params.height + PAD, row / params.height);
  }

  // What this thread lays out for the next step.
  /*registers*/ var source: array<u32, YS>;
  /*registers*/ var inside: array<bool, YS>;
  /*registers*/ var nextY: array<vec4f, YS>;
  /*registers*/ var nextW: array<vec4f, WS>;
  var exist = false;   // whether its four output channels do

  /*registers*/ var sum: array<vec4f, ROWS * COLUMNS4>;   // [pixel][ci/4]
  let chunks = (out4 + K4 - 1u) / K4;
  let steps = KERNEL * KERNEL * chunks;
  for (var step = 0u; step <= steps; step++) {
    // What was loaded in the turn before goes into workgroup memory.
    if (step > 0u) {
      workgroupBarrier();
      /*unroll*/ for (var j = 0u; j < YS; j++) {
        ys[thread + j * WORKGROUP] = select(vec4f(0.0), nextY[j], inside[j] && exist);
      }
      /*unroll*/ for (var j = 0u; j < WS; j++) {
        let n = (thread + j * WORKGROUP) / K4;   // input channel within the tile
        ws[(thread % K4 * 4u + n % 4u) * W_ROW + n / 4u] = nextW[j];
      }
      workgroupBarrier();
    }

    // The loads for the next step are under way while this one is multiplied.
    if (step < steps) {
      let tap = step / chunks;
      let c = step % chunks * K4;
      if (c == 0u) {
        /*unroll*/ for (var j = 0u; j < YS; j++) {
          let place = corner[j].xy - vec2u(tap % KERNEL, tap / KERNEL);
          inside[j] = all(place < vec2u(params.width, params.height));
          let pixel = (corner[j].z * params.height + place.y) * params.width + place.x;
          source[j] = select(0u, (pixel * params.dyPixelStride + params.dyOffset) / 4u, inside[j]);
        }
      }
      let channel = min(c + thread % K4, out4 - 1u);
      exist = c + thread % K4 < out4;
      /*unroll*/ for (var j = 0u; j < YS; j++) { nextY[j] = dy[source[j] + channel]; }
      /*unroll*/ for (var j = 0u; j < WS; j++) {
        let n = group.y * TILE_N + (thread + j * WORKGROUP) / K4;
        let real = exist && n < params.inChannels;
        let at = (tap * params.inChannels + n) * out4 + channel;
        nextW[j] = select(vec4f(0.0), weights[select(0u, at, real)], real);
      }
    }

    // sum[pixel][ci/4] += ys[pixel][co] * ws[co][ci/4], four output channels at a time.
    if (step > 0u) {
      for (var k = 0u; k < K4; k++) {
        /*registers*/ var v: array<vec4f, ROWS>;
        /*unroll*/ for (var i = 0u; i < ROWS; i++) { v[i] = ys[(i * DOWN + ty) * K4 + k]; }
        /*unroll*/ for (var o = 0u; o < COLUMNS4; o++) {
          // w[q]: four output channels of input channel q; turned round, a column: four input channels of one.
          /*registers*/ var w: array<vec4f, 4>;
          /*unroll*/ for (var q = 0u; q < 4u; q++) { w[q] = ws[(k * 4u + q) * W_ROW + o * ACROSS + tx]; }
          /*unroll*/ for (var q = 0u; q < 4u; q++) {
            let column = vec4f(w[0][q], w[1][q], w[2][q], w[3][q]);
            /*unroll*/ for (var i = 0u; i < ROWS; i++) { sum[i * COLUMNS4 + o] += v[i][q] * column; }
          }
        }
      }
    }
  }

  let first = group.x * TILE_M + ty;
  /*unroll*/ for (var o = 0u; o < COLUMNS4; o++) {
    let n = group.y * N4 + o * ACROSS + tx;
    var scale = vec4f(1.0);
    var shift = vec4f(0.0);
    var mean = vec4f(0.0);
    var inverse = vec4f(1.0);
    if (NORM && n < in4) {
      scale = affine[n];
      shift = affine[in4 + n];
      mean = stats[params.statsOffset / 4u + n];
      inverse = 1.0 / sqrt(stats[(params.statsStride + params.statsOffset) / 4u + n] + params.epsilon);
    }
    var dgamma = vec4f(0.0);
    var dbeta = vec4f(0.0);
    /*unroll*/ for (var i = 0u; i < ROWS; i++) {
      let p = first + i * DOWN;
      if (p < pixelCount && n < in4) {
        var dz = sum[i * COLUMNS4 + o];
        if (NORM) {
          let v = x[(p * params.xPixelStride + params.xOffset) / 4u + n];
          dz = select(vec4f(0.0), dz, v * scale + shift > vec4f(0.0));
          dbeta += dz;
          dgamma += dz * (v - mean) * inverse;
        }
        let at = (p * params.dxPixelStride + params.dxOffset) / 4u + n;
        if (MODE == 0u) {
          dx[at] = dz;
        } else if (MODE == 1u) {
          dx[at] = scale * dz;
        } else {
          dx[at] += scale * dz;
        }
      }
    }
    if (NORM) {
      // From each thread's own pixels to all of the workgroup's: the first row of threads adds up the others.
      workgroupBarrier();
      ys[thread] = dgamma;
      ws[thread] = dbeta;
      workgroupBarrier();
      if (ty == 0u && n < in4) {
        for (var t = thread + ACROSS; t < WORKGROUP; t += ACROSS) {
          dgamma += ys[t];
          dbeta += ws[t];
        }
        let at = group.x * 2u * in4 + n;
        parts[at] = dgamma;
        parts[at + in4] = dbeta;
      }
    }
  }
}
