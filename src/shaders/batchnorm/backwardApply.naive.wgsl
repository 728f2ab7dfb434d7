// Batch norm + ReLU, backward, second half: gradient with respect to the input, one thread an element.
//
//   dx (+)= gamma/sqrt(variance + epsilon) * (dz - dbeta/n - xhat*dgamma/n)       dz, xhat: backwardReduce.naive
//
// With ACCUMULATE it adds to dx: the input of a dense layer's batch norm is also read by every later layer
// of the block, and the gradients of all readers add up in one buffer.
// Variants: naive (this, any channels) -> tiled.
// Check and race: npx chexgpu doctor --kernel batchnorm.backwardApply

const ACCUMULATE: bool = false;
const RELU: bool = true;
const WORKGROUP: u32 = 64;

struct Params {
  pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, daPixelStride: u32, daOffset: u32,
  dxPixelStride: u32, dxOffset: u32, statsStride: u32, statsOffset: u32, epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> da: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;        // [scale | shift][c]
@group(0) @binding(4) var<storage, read> stats: array<f32>;         // [mean | variance][c]
@group(0) @binding(5) var<storage, read> dgammaBeta: array<f32>;    // [dgamma | dbeta][c]
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let p = i / params.channels;
  if (p >= params.pixels) { return; }
  let n = f32(params.pixels);
  let v = x[p * params.xPixelStride + params.xOffset + c];
  let inverse = 1.0 / sqrt(stats[params.statsStride + params.statsOffset + c] + params.epsilon);
  let xhat = (v - stats[params.statsOffset + c]) * inverse;
  let dz = select(0.0, da[p * params.daPixelStride + params.daOffset + c],
    !RELU || v * affine[c] + affine[params.channels + c] > 0.0);
  let d = affine[c] * (dz - dgammaBeta[params.channels + c] / n - xhat * dgammaBeta[c] / n);
  let at = p * params.dxPixelStride + params.dxOffset + c;
  if (ACCUMULATE) { dx[at] += d; } else { dx[at] = d; }
}
