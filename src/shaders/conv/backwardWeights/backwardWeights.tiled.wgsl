// Convolution, gradient with respect to the weights: a register tile of 4 input channels of one tap by 4*OUT4 output
// channels per thread, over one slice of the image rows. No barrier, no atomics.
//
//   dw[ky,kx,ci,co] = sum over b,oy,ox of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * dy[b,oy,ox,co]
//   act: PROLOGUE of backwardWeights.naive.wgsl
//
// Per pixel a thread loads one vec4 of x and OUT4 vec4s of dy and does 16*OUT4 multiply-adds; scale and shift of its
// channels stay in registers. Slice s covers rows [s*rowsPerSlice, ...) of the batch*outHeight rows and writes its own
// partial sums; reduce/slices.naive.wgsl adds them. Needs channels that are multiples of four on both sides.
//
// Variants, from naive to fast: BACKWARD_WEIGHTS in backwardWeights.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardWeights

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const WORKGROUP: u32 = 32;
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
  dyPixelStride: u32,
  dyOffset: u32,
  rowsPerSlice: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;     // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;   // [slice,ky,kx,ci,co/4]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;
  let rows = KERNEL * KERNEL * in4;
  let mine = min(id.x, rows - 1u);
  let c = mine % in4;
  let ky = mine / in4 / KERNEL;
  let kx = mine / in4 % KERNEL;
  let column = group.y * OUT4;
  let slice = group.z;

  var scale = vec4f(1.0);
  var shift = vec4f(0.0);
  if (PROLOGUE) {
    scale = affine[c];
    shift = affine[in4 + c];
  }
  /*registers*/ var sum: array<vec4f, 4 * OUT4>;   // [ci][co/4]

  let last = min((slice + 1u) * params.rowsPerSlice, params.batch * params.outHeight);
  for (var row = slice * params.rowsPerSlice; row < last; row++) {
    let iy = (row % params.outHeight) * STRIDE + ky - PAD;
    let image = row / params.outHeight;
    for (var ox = 0u; ox < params.outWidth; ox++) {
      let ix = ox * STRIDE + kx - PAD;
      let valid = iy < params.inHeight && ix < params.inWidth;
      let at = ((image * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
      var v = x[select(0u, at / 4u + c, valid)];
      if (PROLOGUE) { v = relu(v * scale + shift); }
      if (PAD > 0u) { v = select(vec4f(0.0), v, valid); }
      let source = ((row * params.outWidth + ox) * params.dyPixelStride + params.dyOffset) / 4u;
      /*unroll*/ for (var o = 0u; o < OUT4; o++) {
        let g = dy[source + min(column + o, out4 - 1u)];
        sum[0 * OUT4 + o] += v.x * g;
        sum[1 * OUT4 + o] += v.y * g;
        sum[2 * OUT4 + o] += v.z * g;
        sum[3 * OUT4 + o] += v.w * g;
      }
    }
  }
  if (id.x >= rows) { return; }
  /*unroll*/ for (var r = 0u; r < 4u; r++) {
    /*unroll*/ for (var o = 0u; o < OUT4; o++) {
      if (column + o < out4) { dw[(slice * rows * 4u + mine * 4u + r) * out4 + column + o] = sum[r * OUT4 + o]; }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
