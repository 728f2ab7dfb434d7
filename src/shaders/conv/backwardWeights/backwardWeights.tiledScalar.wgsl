// Convolution, gradient with respect to the weights, for inputs of any channel count (the stem's three): a register
// tile of ROWS rows of the weight matrix (row = (ky*KERNEL + kx)*inChannels + ci) by 4*OUT4 output channels per thread.
// No barrier, no atomics.
//
//   dw[ky,kx,ci,co] = sum over b,oy,ox of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * dy[b,oy,ox,co]
//   act: PROLOGUE of backwardWeights.naive.wgsl; slices as in backwardWeights.tiled.wgsl
//
// Per pixel a thread loads ROWS floats of x and OUT4 vec4s of dy and does 4*ROWS*OUT4 multiply-adds.
// Needs output channels that are a multiple of four.
//
// Variants, from naive to fast: BACKWARD_WEIGHTS in backwardWeights.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardWeights

const KERNEL: u32 = 7;
const STRIDE: u32 = 2;
const PAD: u32 = 3;
const PROLOGUE: bool = false;
const WORKGROUP: u32 = 32;
const ROWS: u32 = 7;
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
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let out4 = params.outChannels / 4u;
  let rows = KERNEL * KERNEL * params.inChannels;
  let firstRow = id.x * ROWS;
  let column = group.y * OUT4;
  let slice = group.z;

  // Tap and input channel of each row.
  /*registers*/ var ky: array<u32, ROWS>;
  /*registers*/ var kx: array<u32, ROWS>;
  /*registers*/ var ci: array<u32, ROWS>;
  /*unroll*/ for (var r = 0u; r < ROWS; r++) {
    let row = min(firstRow + r, rows - 1u);
    ci[r] = row % params.inChannels;
    kx[r] = row / params.inChannels % KERNEL;
    ky[r] = row / params.inChannels / KERNEL;
  }
  /*registers*/ var sum: array<vec4f, ROWS * OUT4>;   // [row][co/4]

  let last = min((slice + 1u) * params.rowsPerSlice, params.batch * params.outHeight);
  for (var line = slice * params.rowsPerSlice; line < last; line++) {
    let oy = line % params.outHeight;
    let image = line / params.outHeight;
    for (var ox = 0u; ox < params.outWidth; ox++) {
      let source = ((line * params.outWidth + ox) * params.dyPixelStride + params.dyOffset) / 4u;
      /*registers*/ var g: array<vec4f, OUT4>;
      /*unroll*/ for (var o = 0u; o < OUT4; o++) { g[o] = dy[source + min(column + o, out4 - 1u)]; }
      /*unroll*/ for (var r = 0u; r < ROWS; r++) {
        let iy = oy * STRIDE + ky[r] - PAD;
        let ix = ox * STRIDE + kx[r] - PAD;
        let valid = iy < params.inHeight && ix < params.inWidth;
        let at = ((image * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
        var v = x[select(0u, at + ci[r], valid)];
        if (PROLOGUE) { v = relu(v * affine[ci[r]] + affine[params.inChannels + ci[r]]); }
        v = select(0.0, v, valid);
        /*unroll*/ for (var o = 0u; o < OUT4; o++) { sum[r * OUT4 + o] += v * g[o]; }
      }
    }
  }
  /*unroll*/ for (var r = 0u; r < ROWS; r++) {
    /*unroll*/ for (var o = 0u; o < OUT4; o++) {
      if (firstRow + r < rows && column + o < out4) {
        dw[(slice * rows + firstRow + r) * out4 + column + o] = sum[r * OUT4 + o];
      }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
