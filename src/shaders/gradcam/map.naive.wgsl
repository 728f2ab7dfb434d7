// Grad-CAM, the map: channels of the final batch norm weighted by their importance, one thread per position.
//
//   map[b,h,w] = sum over k of  A[b,h,w,k] * alpha[b,k],     A = scale[k]*x + shift[k]
//
// A is taken before the ReLU and may be negative; resize, ReLU and division by the maximum come after.
// Variants: naive (this, any shape) -> vec4 (four channels at once).
// Check and race: npx chexgpu doctor --kernel gradcam.map

const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  positions: u32,
  channels: u32,
  xPixelStride: u32,
  xOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;        // [scale | shift][k]
@group(0) @binding(3) var<storage, read> alpha: array<f32>;         // [b,k]
@group(0) @binding(4) var<storage, read_write> map: array<f32>;     // [b,h,w]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let b = i / params.positions;
  if (b >= params.batch) { return; }
  var sum = 0.0;
  for (var k = 0u; k < params.channels; k++) {
    let v = x[i * params.xPixelStride + params.xOffset + k];
    sum += (v * affine[k] + affine[params.channels + k]) * alpha[b * params.channels + k];
  }
  map[i] = sum;
}
