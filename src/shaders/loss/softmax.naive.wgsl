// Softmax over the classes of one image, one thread per element.
//
//   p[b,c] = exp(z[b,c] - m) / sum over k of exp(z[b,k] - m),      m = max over k of z[b,k]
//
// The largest exponent is 0, so nothing overflows. One logit that is not finite makes all of its image's
// outputs not finite: nothing is hidden.
// Variants: naive (this) -> vec4 (one thread per image, four classes at once).
// Check and race: npx chexgpu doctor --kernel loss.softmax

const WORKGROUP: u32 = 64;

struct Params { batch: u32, classes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;             // [b,c]
@group(0) @binding(2) var<storage, read_write> p: array<f32>;       // [b,c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let b = i / params.classes;
  if (b >= params.batch) { return; }
  let row = b * params.classes;
  var largest = z[row];
  var spoiled = 0.0;
  for (var k = 0u; k < params.classes; k++) {
    let v = z[row + k];
    largest = max(largest, v);
    if (broken(v)) { spoiled = v; }
  }
  var sum = 0.0;
  for (var k = 0u; k < params.classes; k++) { sum += exp(z[row + k] - largest); }
  p[i] = select(exp(z[i] - largest) / sum, spoiled, broken(spoiled));
}

// NaN or infinite, told by the bits: exp and log of some drivers make finite numbers of NaN (SwiftShader does).
fn broken(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) == 0x7f800000u; }
