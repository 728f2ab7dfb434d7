// Batch norm + ReLU, backward, first half: gradients of gamma and beta, one thread a channel.
//
//   dz = da where scale*x + shift > 0, else 0          da: gradient behind the ReLU; without RELU dz = da
//   dbeta[c] = sum over p of dz[p,c]                    dgamma[c] = sum over p of dz[p,c] * xhat[p,c]
//   xhat = (x - mean) / sqrt(variance + epsilon)
//
// Variants: naive (this, any channels) -> tiled (slices of pixels, added by reduce.slices).
// Check and race: npx chexgpu doctor --kernel batchnorm.backwardReduce

const RELU: bool = true;
const WORKGROUP: u32 = 64;

struct Params {
  pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, daPixelStride: u32, daOffset: u32,
  statsStride: u32, statsOffset: u32, epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> da: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;              // [scale | shift][c]
@group(0) @binding(4) var<storage, read> stats: array<f32>;               // [mean | variance][c]
@group(0) @binding(5) var<storage, read_write> dgammaBeta: array<f32>;    // [dgamma | dbeta][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= params.channels) { return; }
  let mean = stats[params.statsOffset + c];
  let inverse = 1.0 / sqrt(stats[params.statsStride + params.statsOffset + c] + params.epsilon);
  let scale = affine[c];
  let shift = affine[params.channels + c];
  var dbeta = 0.0;
  var dgamma = 0.0;
  for (var p = 0u; p < params.pixels; p++) {
    let v = x[p * params.xPixelStride + params.xOffset + c];
    let dz = select(0.0, da[p * params.daPixelStride + params.daOffset + c], !RELU || v * scale + shift > 0.0);
    dbeta += dz;
    dgamma += dz * (v - mean) * inverse;
  }
  dgammaBeta[c] = dgamma;
  dgammaBeta[params.channels + c] = dbeta;
}
