// Batch norm, backward, second half: gradients of gamma and beta, and of the input. One thread per channel and
// pixelsPerThread pixels.
//
//   dgamma = sum over s of parts[s].dgamma      dbeta likewise       dz, parts, xhat: reluBackwardAndSums.naive.wgsl
//   dx = gamma/sqrt(variance + epsilon) * (dz - dbeta/n - xhat*dgamma/n)
//
// Every thread adds the slices of its channel itself, in order: a dispatch less.
// Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel batchnorm.backwardApply

alias Real = f32;

const WORKGROUP: u32 = 32;

// Channels, strides and offsets are counted in Reals.
struct Params {
  pixels: u32,
  channels: u32,
  xPixelStride: u32,
  xOffset: u32,
  dzPixelStride: u32,
  dzOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
  statsStride: u32,
  statsOffset: u32,
  epsilon: f32,
  slices: u32,
  pixelsPerThread: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read> dz: array<Real>;
@group(0) @binding(3) var<storage, read> affine: array<Real>;                // [scale | shift][c]
@group(0) @binding(4) var<storage, read> stats: array<Real>;                 // [mean | variance][c]
@group(0) @binding(5) var<storage, read> parts: array<Real>;                 // [slice][dgamma | dbeta][c]
@group(0) @binding(6) var<storage, read_write> dgammaBeta: array<Real>;      // [dgamma | dbeta][c]
@group(0) @binding(7) var<storage, read_write> dx: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let first = i / params.channels * params.pixelsPerThread;
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

  let n = f32(params.pixels);
  let scale = affine[c];
  let mean = stats[params.statsOffset + c];
  let variance = stats[params.statsStride + params.statsOffset + c];
  let slope = dgamma / n / sqrt(variance + params.epsilon);
  let level = dbeta / n;
  let last = min(first + params.pixelsPerThread, params.pixels);
  for (var p = first; p < last; p++) {
    let v = x[p * params.xPixelStride + params.xOffset + c];
    let g = dz[p * params.dzPixelStride + params.dzOffset + c];
    dx[p * params.dxPixelStride + params.dxOffset + c] = scale * (g - level - (v - mean) * slope);
  }
}
