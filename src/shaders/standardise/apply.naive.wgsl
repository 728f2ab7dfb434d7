// Float pixels to network input, one thread per output element.
//
//   y[b,h,w,c] = (x[b,h,w, c or 0] - moments[b,c]) * moments[b,3+c]        0 <= c < OUT
//
// With CHANNELS = 1 the gray value is repeated OUT times (1 or 3).
// Check and race: npx chexgpu doctor --kernel standardise.apply

const CHANNELS: u32 = 3;
const OUT: u32 = 3;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, positions: u32, yPixelStride: u32, yOffset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> moments: array<f32>;   // [b, mean | 1/(std+epsilon)]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % OUT;
  let pixel = i / OUT;
  let b = pixel / params.positions;
  if (b >= params.batch) { return; }
  let v = x[pixel * CHANNELS + select(0u, c, CHANNELS == 3u)];
  y[pixel * params.yPixelStride + params.yOffset + c] = (v - moments[b * 6u + c]) * moments[b * 6u + 3u + c];
}
