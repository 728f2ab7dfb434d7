// Batch norm + ReLU, backward, second half: four channels of PIXELS pixels a thread, so that the channel's
// constants are loaded once. Formula: backwardApply.naive.wgsl. No barrier.
// Needs channels, strides and offsets that are multiples of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.backwardApply

const ACCUMULATE: bool = false;
const RELU: bool = true;
const WORKGROUP: u32 = 32;
const PIXELS: u32 = 8;

struct Params {
  pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, daPixelStride: u32, daOffset: u32,
  dxPixelStride: u32, dxOffset: u32, statsStride: u32, statsOffset: u32, epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> da: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;        // [scale | shift][c/4]
@group(0) @binding(4) var<storage, read> stats: array<vec4f>;         // [mean | variance][c/4]
@group(0) @binding(5) var<storage, read> dgammaBeta: array<vec4f>;    // [dgamma | dbeta][c/4]
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c4 = params.channels / 4u;
  let c = i % c4;
  let first = i / c4 * PIXELS;
  let n = f32(params.pixels);
  let mean = stats[params.statsOffset / 4u + c];
  let inverse = 1.0 / sqrt(stats[(params.statsStride + params.statsOffset) / 4u + c] + params.epsilon);
  let scale = affine[c];
  let shift = affine[c4 + c];
  let meanSlope = dgammaBeta[c] / n;
  let meanGradient = dgammaBeta[c4 + c] / n;

  let last = min(first + PIXELS, params.pixels);
  for (var p = first; p < last; p++) {
    let v = x[(p * params.xPixelStride + params.xOffset) / 4u + c];
    let g = da[(p * params.daPixelStride + params.daOffset) / 4u + c];
    let dz = select(vec4f(0.0), g, vec4<bool>(!RELU) | (v * scale + shift > vec4f(0.0)));
    let d = scale * (dz - meanGradient - (v - mean) * inverse * meanSlope);
    let at = (p * params.dxPixelStride + params.dxOffset) / 4u + c;
    if (ACCUMULATE) { dx[at] += d; } else { dx[at] = d; }
  }
}
