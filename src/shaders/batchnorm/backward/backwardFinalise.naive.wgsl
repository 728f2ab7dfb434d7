// Batch norm over a dense block, backward: gradients of gamma and beta of one reader, and the end of the gradient of
// those channels that no reader is left for. One thread per channel (and per pixelsPerThread pixels where it ends).
//
// A channel x of the block is normalised by all its readers l with the same mean and variance, so xhat is the same:
//   dx = sum over l of scale_l * (dz_l - dbeta_l/n - xhat*dgamma_l/n) = G - (A + xhat*B)/n
//   G = sum of scale_l*dz_l, gathered by reluBackwardAndSums
//   A = sum of scale_l*dbeta_l   B = sum of scale_l*dgamma_l
// Readers come last to first. This one reads channels [0, channels): its dgamma and dbeta are added up from the slices
// of `parts`; channels below `done` go on waiting, their A and B in `sums`; for the others G becomes dx.
// FIRST: no reader was before, sums is not read.
// Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel batchnorm.backwardFinalise

alias Real = f32;

const FIRST: bool = false;
const WORKGROUP: u32 = 32;

// Channels, strides and offsets are counted in Reals.
struct Params {
  pixels: u32,
  channels: u32,
  done: u32,
  xPixelStride: u32,
  xOffset: u32,
  gPixelStride: u32,
  gOffset: u32,
  statsStride: u32,
  statsOffset: u32,
  sumsStride: u32,
  epsilon: f32,
  slices: u32,
  pixelsPerThread: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read> affine: array<Real>;                // [scale | shift][c]
@group(0) @binding(3) var<storage, read> stats: array<Real>;                 // [mean | variance][c]
@group(0) @binding(4) var<storage, read> parts: array<Real>;                 // [slice][dgamma | dbeta][c]
@group(0) @binding(5) var<storage, read_write> sums: array<Real>;            // [A | B][c]
@group(0) @binding(6) var<storage, read_write> dgammaBeta: array<Real>;      // [dgamma | dbeta][c]
@group(0) @binding(7) var<storage, read_write> g: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  // Threads: one per channel that waits, then one per (channel, run of pixels) for those that end.
  let i = id.x + id.y * groups.x * WORKGROUP;
  let ending = params.channels - params.done;
  var c = i;
  var first = 0u;
  if (i >= params.done) {
    c = params.done + (i - params.done) % ending;
    first = (i - params.done) / ending * params.pixelsPerThread;
  }
  if (first >= params.pixels) { return; }

  var dgamma = Real(0.0);
  var dbeta = Real(0.0);
  for (var s = 0u; s < params.slices; s++) {
    dgamma += parts[s * 2u * params.channels + c];
    dbeta += parts[(s * 2u + 1u) * params.channels + c];
  }
  if (first == 0u) {
    dgammaBeta[c] = dgamma;
    dgammaBeta[params.channels + c] = dbeta;
  }

  var a = affine[c] * dbeta;
  var b = affine[c] * dgamma;
  if (!FIRST) {
    a += sums[c];
    b += sums[params.sumsStride + c];
  }
  if (i < params.done) {
    sums[c] = a;
    sums[params.sumsStride + c] = b;
    return;
  }

  let n = f32(params.pixels);
  let mean = stats[params.statsOffset + c];
  let variance = stats[params.statsStride + params.statsOffset + c];
  let slope = b / n / sqrt(variance + params.epsilon);
  let level = a / n;
  let last = min(first + params.pixelsPerThread, params.pixels);
  for (var p = first; p < last; p++) {
    let v = x[p * params.xPixelStride + params.xOffset + c];
    g[p * params.gPixelStride + params.gOffset + c] -= level + (v - mean) * slope;
  }
}
