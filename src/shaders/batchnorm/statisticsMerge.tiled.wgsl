// Batch norm, statistics of a batch, second half, four channels a thread; `channels`, `statsStride` and
// `statsOffset` count vec4s here. Formula: statisticsMerge.naive.wgsl.
//
// Check and race: npx chexgpu doctor --kernel batchnorm.statisticsMerge

const WORKGROUP: u32 = 64;

struct Params { pixels: u32, channels: u32, pixelsPerSlice: u32, slices: u32, statsStride: u32, statsOffset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;        // [slice][mean | squares][c]
@group(0) @binding(2) var<storage, read_write> stats: array<vec4f>;  // [mean | variance][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.channels) { return; }
  var n = 0.0;
  var mean = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var s = 0u; s < params.slices; s++) {
    let count = f32(min(params.pixelsPerSlice, params.pixels - s * params.pixelsPerSlice));
    let d = parts[s * 2u * params.channels + c] - mean;
    let total = n + count;
    mean += d * (count / total);
    squares += parts[(s * 2u + 1u) * params.channels + c] + d * d * (n * count / total);
    n = total;
  }
  stats[params.statsOffset + c] = mean;
  stats[params.statsStride + params.statsOffset + c] = squares / n;
}
