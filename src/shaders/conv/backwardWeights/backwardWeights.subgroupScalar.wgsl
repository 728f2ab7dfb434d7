// Convolution, gradient with respect to the weights, rows of the result one at a time, dy shared in the subgroup: the
// register tile for the stem, whose image has three channels. No barrier, no atomics.
//
//   dw[ky,kx,ci,co] = sum over b,oy,ox of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * dy[b,oy,ox,co]
//   act: PROLOGUE of backwardWeights.naive.wgsl; how lanes share, FLUSH and slices: backwardWeights.subgroup.wgsl
//
// A row is one input channel of one tap, [ky,kx,ci] in order; a thread takes ROWS rows by 4*OUT4 output channels.
// Needs output channels that are a multiple of 4*OUT4.
//
// Variants, from naive to fast: BACKWARD_WEIGHTS in backwardWeights.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardWeights
enable subgroups;

const KERNEL: u32 = 7;
const STRIDE: u32 = 2;
const PAD: u32 = 3;
const PROLOGUE: bool = false;
const FLUSH: bool = false;
const WORKGROUP: u32 = 4;
const LANES: u32 = 4;
const ROWS: u32 = 7;
const OUT4: u32 = 8;
const SHARE: u32 = (OUT4 + LANES - 1) / LANES;   // vec4s of dy of a pixel that one lane loads

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
  dyPixelStride: u32,
  dyOffset: u32,
  rowsPerSlice: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;       // [scale | shift][ci]
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;   // [slice,ky,kx,ci,co/4]

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let out4 = params.outChannels / 4u;
  let rows = KERNEL * KERNEL * params.inChannels;
  let first = id.x * ROWS;
  let column = group.y * OUT4;
  let slice = group.z;

  // Tap and input channel of each row.
  /*registers*/ var ky: array<u32, ROWS>;
  /*registers*/ var kx: array<u32, ROWS>;
  /*registers*/ var ci: array<u32, ROWS>;
  /*unroll*/ for (var r = 0u; r < ROWS; r++) {
    let mine = min(first + r, rows - 1u);
    ci[r] = mine % params.inChannels;
    ky[r] = mine / params.inChannels / KERNEL;
    kx[r] = mine / params.inChannels % KERNEL - PAD;
  }
  // This lane's vec4s of dy: number lane, lane + LANES, ... of [OUT4]; idle lanes repeat the last.
  /*registers*/ var mine: array<u32, SHARE>;
  /*unroll*/ for (var j = 0u; j < SHARE; j++) {
    mine[j] = column + min(lane % LANES + j * LANES, OUT4 - 1u);
  }
  /*registers*/ var sum: array<vec4f, ROWS * OUT4>;     // [row][co/4], since the last flush
  /*registers*/ var total: array<vec4f, ROWS * OUT4>;   // what was flushed

  let last = min((slice + 1u) * params.rowsPerSlice, params.batch * params.outHeight);
  for (var row = slice * params.rowsPerSlice; row < last; row++) {
    // The image row that each row of the result reads: where it begins, and whether there is one.
    let oy = row % params.outHeight * STRIDE - PAD;
    /*registers*/ var line: array<u32, ROWS>;
    /*registers*/ var there: array<bool, ROWS>;
    /*unroll*/ for (var r = 0u; r < ROWS; r++) {
      there[r] = oy + ky[r] < params.inHeight;
      line[r] = (row / params.outHeight * params.inHeight + oy + ky[r]) * params.inWidth;
    }
    for (var ox = 0u; ox < params.outWidth; ox++) {
      // v: for each row its input channel of the pixel under its tap, after the prologue.
      /*registers*/ var v: array<f32, ROWS>;
      /*unroll*/ for (var r = 0u; r < ROWS; r++) {
        let ix = ox * STRIDE + kx[r];
        let valid = there[r] && ix < params.inWidth;
        v[r] = x[select(0u, (line[r] + ix) * params.xPixelStride + params.xOffset + ci[r], valid)];
        if (PROLOGUE) { v[r] = relu(v[r] * affine[ci[r]] + affine[params.inChannels + ci[r]]); }
        v[r] = select(0.0, v[r], valid);
      }
      // share: this lane's part of dy[pixel, column..column+OUT4-1].
      let start = ((row * params.outWidth + ox) * params.dyPixelStride + params.dyOffset) / 4u;
      /*registers*/ var share: array<vec4f, SHARE>;
      /*unroll*/ for (var j = 0u; j < SHARE; j++) { share[j] = dy[start + mine[j]]; }
      /*unroll*/ for (var o = 0u; o < OUT4; o++) {
        let g = subgroupShuffle(share[o / LANES], o % LANES);
        /*unroll*/ for (var r = 0u; r < ROWS; r++) { sum[r * OUT4 + o] += v[r] * g; }
      }
    }
    if (FLUSH) {
      /*unroll*/ for (var s = 0u; s < ROWS * OUT4; s++) {
        total[s] += sum[s];
        sum[s] = vec4f(0.0);
      }
    }
  }

  // From registers to memory: loops keep the compiler's work small.
  var block: array<vec4f, ROWS * OUT4>;
  /*unroll*/ for (var s = 0u; s < ROWS * OUT4; s++) { block[s] = total[s] + sum[s]; }
  for (var r = 0u; r < min(ROWS, rows - min(first, rows)); r++) {
    let target0 = (slice * rows + first + r) * out4 + column;
    for (var o = 0u; o < OUT4; o++) { dw[target0 + o] = block[r * OUT4 + o]; }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
