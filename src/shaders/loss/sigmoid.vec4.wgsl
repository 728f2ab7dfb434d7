// Sigmoid, four neighbouring elements a thread, any count. Formula: sigmoid.naive.wgsl.
//
// Check and race: npx chexgpu doctor --kernel loss.sigmoid

const WORKGROUP: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> p: array<f32>;

fn sigmoid(v: vec4f) -> vec4f {
  let e = select(exp(-abs(v)), vec4f(0.0), abs(v) > vec4f(87.0));
  return select(select(e, vec4f(1.0), v >= vec4f(0.0)) / (1.0 + e), v, broken(v));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = (id.x + id.y * groups.x * WORKGROUP) * 4u;
  if (first >= params.count) { return; }
  let last = params.count - 1u;
  let v = sigmoid(vec4f(z[first], z[min(first + 1u, last)], z[min(first + 2u, last)], z[min(first + 3u, last)]));
  for (var j = 0u; j < min(4u, params.count - first); j++) { p[first + j] = v[j]; }
}

// NaN or infinite, told by the bits: exp and log of some drivers make finite numbers of NaN (SwiftShader does).
fn broken(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7f800000u)) == vec4u(0x7f800000u); }
