// Batch norm over a dense block, backward, the end of a channel's gradient: four channels a thread; all counts of
// channels, strides and offsets are vec4s here. Formula: backwardFinalise.naive.wgsl. No barrier.
// Needs channels, strides and offsets that are multiples of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.backwardFinalise

const FIRST: bool = false;
const WORKGROUP: u32 = 32;

struct Params {
  pixels: u32, channels: u32, done: u32, xPixelStride: u32, xOffset: u32, gPixelStride: u32, gOffset: u32,
  statsStride: u32, statsOffset: u32, sumsStride: u32, epsilon: f32, slices: u32, pixelsPerThread: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;                // [scale | shift][c]
@group(0) @binding(3) var<storage, read> stats: array<vec4f>;                 // [mean | variance][c]
@group(0) @binding(4) var<storage, read> parts: array<vec4f>;                 // [slice][dgamma | dbeta][c]
@group(0) @binding(5) var<storage, read_write> sums: array<vec4f>;            // [A | B][c]
@group(0) @binding(6) var<storage, read_write> dgammaBeta: array<vec4f>;      // [dgamma | dbeta][c]
@group(0) @binding(7) var<storage, read_write> g: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  // Threads: one for each channel that waits, then (channel, run of pixels) for those that end.
  let i = id.x + id.y * groups.x * WORKGROUP;
  let ending = params.channels - params.done;
  var c = i;
  var first = 0u;
  if (i >= params.done) {
    c = params.done + (i - params.done) % ending;
    first = (i - params.done) / ending * params.pixelsPerThread;
  }
  if (first >= params.pixels) { return; }
  var dgamma = vec4f(0.0);
  var dbeta = vec4f(0.0);
  for (var s = 0u; s < params.slices; s++) {
    dgamma += parts[s * 2u * params.channels + c];
    dbeta += parts[(s * 2u + 1u) * params.channels + c];
  }
  if (first == 0u) { dgammaBeta[c] = dgamma; dgammaBeta[params.channels + c] = dbeta; }
  var a = affine[c] * dbeta;
  var b = affine[c] * dgamma;
  if (!FIRST) { a += sums[c]; b += sums[params.sumsStride + c]; }
  if (i < params.done) {
    sums[c] = a;
    sums[params.sumsStride + c] = b;
    return;
  }
  let n = f32(params.pixels);
  let mean = stats[params.statsOffset + c];
  let slope = b / n / sqrt(stats[params.statsStride + params.statsOffset + c] + params.epsilon);
  let level = a / n;
  let last = min(first + params.pixelsPerThread, params.pixels);
  for (var p = first; p < last; p++) {
    let v = x[p * params.xPixelStride + params.xOffset + c];
    g[p * params.gPixelStride + params.gOffset + c] -= level + (v - mean) * slope;
  }
}
