// Batch norm + ReLU, backward, first half: through the ReLU, and the sums behind the gradients of gamma and beta. One
// thread per channel and slice of the pixels.
//
//   dz = da where scale*x + shift > 0, else 0          da: gradient behind the ReLU; without RELU dz = da
//   parts[s] = [sum over p of dz[p,c] * xhat[p,c] | sum over p of dz[p,c]]        p: the pixels of slice s
//   xhat = (x - mean) / sqrt(variance + epsilon)
//   MODE 0: dx = dz       1: dx = scale*dz       2: dx += scale*dz
//
// Modes 1 and 2 gather what all readers of a dense block's channel pass on, scale = gamma/sqrt(variance + epsilon);
// backwardFinalise takes off, once, what batch norm's means take off.
// POOLED: behind the ReLU comes an average over windows; da is then the gradient of the averages, and every pixel of a
// window gets da / (windowHeight*windowWidth).
// Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per thread);
// conv/backwardData/backwardData.subgroup.wgsl and .workgroup.wgsl do the same in their epilogues.
// Check and race: npx chexgpu doctor --kernel batchnorm.reluBackwardAndSums

alias Real = f32;

const RELU: bool = true;
const POOLED: bool = false;
const MODE: u32 = 0;
const WORKGROUP: u32 = 8;

// Channels, strides and offsets are counted in Reals.
struct Params {
  pixels: u32,
  channels: u32,
  xPixelStride: u32,
  xOffset: u32,
  daPixelStride: u32,
  daOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
  statsStride: u32,
  statsOffset: u32,
  epsilon: f32,
  pixelsPerSlice: u32,
  slices: u32,
  height: u32,
  width: u32,
  windowHeight: u32,
  windowWidth: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read> da: array<Real>;
@group(0) @binding(3) var<storage, read> affine: array<Real>;         // [scale | shift][c]
@group(0) @binding(4) var<storage, read> stats: array<Real>;          // [mean | variance][c]
@group(0) @binding(5) var<storage, read_write> dx: array<Real>;
@group(0) @binding(6) var<storage, read_write> parts: array<Real>;    // [slice][dgamma | dbeta][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let slice = i / params.channels;
  if (slice >= params.slices) { return; }
  let mean = stats[params.statsOffset + c];
  let inverse = 1.0 / sqrt(stats[params.statsStride + params.statsOffset + c] + params.epsilon);
  let scale = affine[c];
  let shift = affine[params.channels + c];
  let share = 1.0 / f32(params.windowHeight * params.windowWidth);

  var dbeta = Real(0.0);
  var dgamma = Real(0.0);
  let last = min((slice + 1u) * params.pixelsPerSlice, params.pixels);
  for (var p = slice * params.pixelsPerSlice; p < last; p++) {
    let v = x[p * params.xPixelStride + params.xOffset + c];
    var dz = da[windowOf(p) * params.daPixelStride + params.daOffset + c];
    if (RELU) { dz = select(Real(0.0), dz, v * scale + shift > Real(0.0)); }
    if (POOLED) { dz *= share; }
    dbeta += dz;
    dgamma += dz * (v - mean) * inverse;
    let at = p * params.dxPixelStride + params.dxOffset + c;
    if (MODE == 0u) {
      dx[at] = dz;
    } else if (MODE == 1u) {
      dx[at] = scale * dz;
    } else {
      dx[at] += scale * dz;
    }
  }
  parts[slice * 2u * params.channels + c] = dgamma;
  parts[(slice * 2u + 1u) * params.channels + c] = dbeta;
}

// The pixel of da that pixel p of x got its average from; without POOLED p itself.
fn windowOf(p: u32) -> u32 {
  if (!POOLED) { return p; }
  let row = p / params.width;
  let column = p % params.width;
  let windowsPerRow = params.width / params.windowWidth;
  return row / params.windowHeight * windowsPerRow + column / params.windowWidth;
}
