// Sigmoid, one thread per element.
//
//   p[i] = 1 / (1 + exp(-z[i]))
//
// exp only of numbers that are not positive, so nothing overflows: p is exactly 1 for z >= 17 or so, and 0 below
// -87, where float32 has no normal number left.
// Check and race: npx chexgpu doctor --kernel loss.sigmoid

const WORKGROUP: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> p: array<f32>;

fn sigmoid(v: f32) -> f32 {
  let e = select(exp(-abs(v)), 0.0, abs(v) > 87.0);
  return select(select(e, 1.0, v >= 0.0) / (1.0 + e), v, broken(v));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  p[i] = sigmoid(z[i]);
}

// NaN or infinite, told by the bits: exp and log of some drivers make finite numbers of NaN (SwiftShader does).
fn broken(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) == 0x7f800000u; }
