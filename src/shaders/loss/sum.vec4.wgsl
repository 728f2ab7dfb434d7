// A loss, the scalar, four classes at once. Formula and order: sum.naive.wgsl.
//
// The batch sums of four classes run side by side; the classes are then added in the same order as in naive.
// Check and race: npx chexgpu doctor --kernel loss.sum

struct Params { batch: u32, classes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> terms: array<f32>;        // [b, positive | negative, c]
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;   // [1]

@compute @workgroup_size(1)
fn main() {
  var total = 0.0;
  for (var first = 0u; first < params.classes; first += 4u) {
    let c = min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(params.classes - 1u));
    var positive = vec4f(0.0);
    var negative = vec4f(0.0);
    for (var b = 0u; b < params.batch; b++) {
      let p = vec4u(b * 2u * params.classes) + c;
      let n = p + vec4u(params.classes);
      positive += vec4f(terms[p.x], terms[p.y], terms[p.z], terms[p.w]);
      negative += vec4f(terms[n.x], terms[n.y], terms[n.z], terms[n.w]);
    }
    let mean = -positive / f32(params.batch) - negative / f32(params.batch);
    for (var j = 0u; j < min(4u, params.classes - first); j++) { total += mean[j]; }
  }
  loss[0] = total;
}
