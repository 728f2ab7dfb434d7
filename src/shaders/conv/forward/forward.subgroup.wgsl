// Convolution, forward: a register tile of PIXELS pixels by 4*OUT4 output channels per thread, weights shared in the
// subgroup. No barrier, no workgroup memory.
//
//   y[b,oy,ox,co] = sum over ky,kx,ci of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * weights[ky,kx,ci,co]
//   act: PROLOGUE of forward.naive.wgsl
//   EPILOGUE: y = max(0, scale*y + shift), batch norm and ReLU of the layer behind, where they are known beforehand
//   STATISTICS: mean and sum of squared deviations of every channel over the pixels of each workgroup, for batch norms
//   behind; a workgroup is then one subgroup of LANES lanes
//
// All lanes of a subgroup want the same weights. The 4*OUT4 vec4s of one step (four input channels of one tap) are
// loaded once per subgroup, each lane some of them, and handed round; LANES is at most the size of a subgroup. On
// software Vulkan a load is one scalar load per lane, also at a uniform address, so multiply-adds per load decide: 8
// pixels by 32 channels reach 5 GFLOP/s on SwiftShader, 4 by 16 half of it (2026-11-24, 1x1, 256 -> 128, 56x56).
// BY_COLUMN_O/_R order the tile: 4 and 1 finish a column of it first, 1 and OUT4 a row (better on SwiftShader).
// Needs channels that are multiples of 4 in and 4*OUT4 out.
//
// Variants, from naive to fast: FORWARD in forward.ts.
// Check and race: npx chexgpu doctor --kernel conv.forward
enable subgroups;

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const EPILOGUE: bool = false;
const STATISTICS: bool = false;
const WORKGROUP: u32 = 4;
const LANES: u32 = 4;
const PIXELS: u32 = 8;
const OUT4: u32 = 8;
const BY_COLUMN_O: u32 = 4;
const BY_COLUMN_R: u32 = 1;
const SHARE: u32 = 4 * OUT4 / LANES;   // vec4s of the weights of a step that one lane loads

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
@group(0) @binding(3) var<storage, read> affine: array<f32>;           // [scale | shift][ci]
@group(0) @binding(4) var<storage, read> after: array<vec4f>;          // [scale | shift][co/4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;        // [b,oh,ow,co/4]
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
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;

  // Corner of each output pixel's window, in input coordinates (may be negative, hence wrapped).
  /*registers*/ var top: array<u32, PIXELS>;
  /*registers*/ var left: array<u32, PIXELS>;
  /*registers*/ var image: array<u32, PIXELS>;   // the first row of its image
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    let pixel = min(first + i, pixelCount - 1u);
    left[i] = (pixel % params.outWidth) * STRIDE - PAD;
    top[i] = ((pixel / params.outWidth) % params.outHeight) * STRIDE - PAD;
    image[i] = pixel / (params.outWidth * params.outHeight) * params.inHeight;
  }

  // Where this lane's vec4s of a step lie: number lane, lane + LANES, ... of [ci: 4][co/4: OUT4].
  /*registers*/ var mine: array<u32, SHARE>;
  /*unroll*/ for (var j = 0u; j < SHARE; j++) {
    let item = lane % LANES + j * LANES;
    mine[j] = item / OUT4 * out4 + column + item % OUT4;
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
      source[i] = select(0u, at / 4u, inside[i]);
    }

    for (var c = 0u; c < in4; c++) {
      // share: this lane's part of weights[tap, 4c..4c+3, column..column+OUT4-1].
      /*registers*/ var share: array<vec4f, SHARE>;
      /*unroll*/ for (var j = 0u; j < SHARE; j++) { share[j] = weights[row + mine[j]]; }
      row += 4u * out4;

      // v: four input channels of each pixel, after the prologue.
      var scale = vec4f(1.0);
      var shift = vec4f(0.0);
      if (PROLOGUE) {
        scale = spread(affine[c * 4u + (lane & 3u)]);
        shift = spread(affine[params.inChannels + c * 4u + (lane & 3u)]);
      }
      /*registers*/ var v: array<vec4f, PIXELS>;
      /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
        v[i] = x[source[i] + c];
        if (PROLOGUE) { v[i] = relu(v[i] * scale + shift); }
        if (PAD > 0u) { v[i] = select(vec4f(0.0), v[i], inside[i]); }
      }

      // Term t: input channel r = t / BY_COLUMN_R % 4 of the step by column o = t / BY_COLUMN_O % OUT4 of the tile.
      // Its weights are item r * OUT4 + o of the step: number item / LANES of lane item % LANES.
      /*unroll*/ for (var t = 0u; t < 4 * OUT4; t++) {
        let w = subgroupShuffle(
          share[(t / BY_COLUMN_R % 4 * OUT4 + t / BY_COLUMN_O % OUT4) / LANES],
          (t / BY_COLUMN_R % 4 * OUT4 + t / BY_COLUMN_O % OUT4) % LANES
        );
        /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
          sum[i * OUT4 + t / BY_COLUMN_O % OUT4] += v[i][t / BY_COLUMN_R % 4] * w;
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
      if (EPILOGUE) { value = relu(value * scale + shift); }
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

// One channel's number from each of lanes 0..3, for every lane.
fn spread(own: f32) -> vec4f {
  return vec4f(
    subgroupBroadcast(own, 0u),
    subgroupBroadcast(own, 1u),
    subgroupBroadcast(own, 2u),
    subgroupBroadcast(own, 3u),
  );
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
