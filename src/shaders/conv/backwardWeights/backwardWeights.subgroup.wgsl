// Convolution, gradient with respect to the weights: a register tile of ROWS input channels of one tap by 4*OUT4 output
// channels per thread, dy shared in the subgroup. No barrier, no atomics.
//
//   dw[ky,kx,ci,co] = sum over b,oy,ox of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * dy[b,oy,ox,co]
//   act: PROLOGUE of backwardWeights.naive.wgsl; slices as in backwardWeights.tiled.wgsl
//
// Lanes hold different input channels or taps and all want the same 4*OUT4 floats of dy: each lane loads some of them,
// and they are handed round; LANES is at most the size of a subgroup. FLUSH ends a sum with every image row and adds it
// to a second one, so that long slices lose no digits. What decides the size of the tile: forward.subgroup.wgsl.
// Several layers of the same shape can share a dispatch: layer l reads at l*layerX, l*layerDy, l*layerAffine and writes
// at l*layerDw + l(l-1)/2*layerGrowth. Needs channels that are multiples of ROWS in and 4*OUT4 out.
//
// Variants, from naive to fast: BACKWARD_WEIGHTS in backwardWeights.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardWeights
enable subgroups;

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const FLUSH: bool = false;
const WORKGROUP: u32 = 4;
const LANES: u32 = 4;
const ROWS: u32 = 8;
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
  slices: u32,
  sliceDw: u32,
  layerX: u32,
  layerDy: u32,
  layerAffine: u32,
  layerDw: u32,
  layerGrowth: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;     // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;   // [slice,layer,ky,kx,ci,co/4]

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;
  let tiles = params.inChannels / ROWS;
  let tile = min(id.x, KERNEL * KERNEL * tiles - 1u);
  let c = tile % tiles * (ROWS / 4u);
  let ky = tile / tiles / KERNEL;
  let kx = tile / tiles % KERNEL;
  let column = group.y * OUT4;
  let slice = group.z % params.slices;
  let layer = group.z / params.slices;

  let norm = layer * params.layerAffine / 4u + c;
  /*registers*/ var scale: array<vec4f, ROWS / 4>;
  /*registers*/ var shift: array<vec4f, ROWS / 4>;
  if (PROLOGUE) {
    /*unroll*/ for (var r = 0u; r < ROWS / 4; r++) {
      scale[r] = affine[norm + r];
      shift[r] = affine[in4 + norm + r];
    }
  }
  // This lane's vec4s of dy: number lane, lane + LANES, ... of [OUT4]; idle lanes repeat the last.
  /*registers*/ var mine: array<u32, SHARE>;
  /*unroll*/ for (var j = 0u; j < SHARE; j++) {
    mine[j] = column + min(lane % LANES + j * LANES, OUT4 - 1u);
  }
  /*registers*/ var sum: array<vec4f, ROWS * OUT4>;     // [ci][co/4], since the last flush
  /*registers*/ var total: array<vec4f, ROWS * OUT4>;   // what was flushed

  let xStart = params.xOffset + layer * params.layerX;
  let dyStart = params.dyOffset + layer * params.layerDy;
  let last = min((slice + 1u) * params.rowsPerSlice, params.batch * params.outHeight);
  for (var row = slice * params.rowsPerSlice; row < last; row++) {
    let iy = (row % params.outHeight) * STRIDE + ky - PAD;
    let source = (row / params.outHeight * params.inHeight + iy) * params.inWidth;
    for (var ox = 0u; ox < params.outWidth; ox++) {
      let ix = ox * STRIDE + kx - PAD;
      let valid = iy < params.inHeight && ix < params.inWidth;
      let at = select(0u, ((source + ix) * params.xPixelStride + xStart) / 4u + c, valid);
      // v: ROWS input channels of the pixel under the tap, after the prologue.
      /*registers*/ var v: array<vec4f, ROWS / 4>;
      /*unroll*/ for (var r = 0u; r < ROWS / 4; r++) {
        v[r] = x[at + r];
        if (PROLOGUE) { v[r] = relu(v[r] * scale[r] + shift[r]); }
        if (PAD > 0u) { v[r] = select(vec4f(0.0), v[r], valid); }
      }
      // share: this lane's part of dy[pixel, column..column+OUT4-1].
      let start = ((row * params.outWidth + ox) * params.dyPixelStride + dyStart) / 4u;
      /*registers*/ var share: array<vec4f, SHARE>;
      /*unroll*/ for (var j = 0u; j < SHARE; j++) { share[j] = dy[start + mine[j]]; }
      /*unroll*/ for (var o = 0u; o < OUT4; o++) {
        let g = subgroupShuffle(share[o / LANES], o % LANES);
        /*unroll*/ for (var r = 0u; r < ROWS; r++) { sum[r * OUT4 + o] += v[r / 4][r % 4] * g; }
      }
    }
    if (FLUSH) {
      /*unroll*/ for (var s = 0u; s < ROWS * OUT4; s++) {
        total[s] += sum[s];
        sum[s] = vec4f(0.0);
      }
    }
  }
  if (id.x > tile) { return; }
  let pairs = layer * (layer - min(layer, 1u)) / 2u;
  let place = slice * params.sliceDw + layer * params.layerDw + pairs * params.layerGrowth;
  let target0 = place / 4u + tile * ROWS * out4 + column;

  // From registers to memory: loops keep the compiler's work small.
  var block: array<vec4f, ROWS * OUT4>;
  /*unroll*/ for (var s = 0u; s < ROWS * OUT4; s++) { block[s] = total[s] + sum[s]; }
  for (var r = 0u; r < ROWS; r++) {
    for (var o = 0u; o < OUT4; o++) { dw[target0 + r * out4 + o] = block[r * OUT4 + o]; }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
