// Softmax over the classes, one thread per image, four classes at once, any count. Formula: softmax.naive.wgsl.
//
// Classes past the last repeat it, which changes no maximum; their exponentials are left out of the sum.
// Check and race: npx chexgpu doctor --kernel loss.softmax

const WORKGROUP: u32 = 64;

struct Params { batch: u32, classes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;             // [b,c]
@group(0) @binding(2) var<storage, read_write> p: array<f32>;       // [b,c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let b = id.x;
  if (b >= params.batch) { return; }
  let row = b * params.classes;
  var most = vec4f(z[row]);
  var spoiled = 0.0;
  for (var first = 0u; first < params.classes; first += 4u) {
    let v = four(row, first);
    most = max(most, v);
    let bad = broken(v);
    for (var j = 0u; j < 4u; j++) { if (bad[j]) { spoiled = v[j]; } }
  }
  let largest = max(max(most.x, most.y), max(most.z, most.w));
  var sums = vec4f(0.0);
  for (var first = 0u; first < params.classes; first += 4u) {
    let inside = vec4u(first) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.classes);
    sums += select(vec4f(0.0), exp(four(row, first) - largest), inside);
  }
  let sum = (sums.x + sums.y) + (sums.z + sums.w);
  let whole = !broken(vec4f(spoiled)).x;
  for (var first = 0u; first < params.classes; first += 4u) {
    let v = select(vec4f(spoiled), exp(four(row, first) - largest) / sum, whole);
    for (var j = 0u; j < min(4u, params.classes - first); j++) { p[row + first + j] = v[j]; }
  }
}

fn four(row: u32, first: u32) -> vec4f {
  let c = vec4u(row) + min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(params.classes - 1u));
  return vec4f(z[c.x], z[c.y], z[c.z], z[c.w]);
}

// NaN or infinite, told by the bits: exp and log of some drivers make finite numbers of NaN (SwiftShader does).
fn broken(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7f800000u)) == vec4u(0x7f800000u); }
