// Grad-CAM, the map, four channels at once: four partial sums per thread, added at the end.
// Formula: map.naive.wgsl.
//
// Needs channels that are multiples of four.
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
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;      // [scale | shift][k/4]
@group(0) @binding(3) var<storage, read> alpha: array<vec4f>;       // [b,k/4]
@group(0) @binding(4) var<storage, read_write> map: array<f32>;     // [b,h,w]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let channels4 = params.channels / 4u;
  let b = i / params.positions;
  if (b >= params.batch) { return; }
  let first = (i * params.xPixelStride + params.xOffset) / 4u;
  var sum = vec4f(0.0);
  for (var k = 0u; k < channels4; k++) {
    sum += (x[first + k] * affine[k] + affine[channels4 + k]) * alpha[b * channels4 + k];
  }
  map[i] = (sum.x + sum.y) + (sum.z + sum.w);
}
