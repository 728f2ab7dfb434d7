// Batch norm, statistics of a batch: mean and biased variance of every channel over all pixels, one thread
// a channel, two passes so that the variance does not cancel.
//
//   mean[c] = 1/n * sum over p of x[p,c]          variance[c] = 1/n * sum over p of (x[p,c] - mean[c])^2
//
// Variants: naive (this, any channels) -> tiled (slices of pixels, then statisticsMerge).
// Check and race: npx chexgpu doctor --kernel batchnorm.statistics

const WORKGROUP: u32 = 64;

struct Params { pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, statsStride: u32, statsOffset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;  // [mean | variance][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.channels) { return; }
  let n = f32(params.pixels);
  var sum = 0.0;
  for (var p = 0u; p < params.pixels; p++) { sum += x[p * params.xPixelStride + params.xOffset + c]; }
  let mean = sum / n;
  var squares = 0.0;
  for (var p = 0u; p < params.pixels; p++) {
    let d = x[p * params.xPixelStride + params.xOffset + c] - mean;
    squares += d * d;
  }
  stats[params.statsOffset + c] = mean;
  stats[params.statsStride + params.statsOffset + c] = squares / n;
}
