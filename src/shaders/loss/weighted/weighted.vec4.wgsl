// Weighted cross-entropy, element pass, four neighbouring elements a thread, any count.
// Formulas: weighted.naive.wgsl.
//
// Gathers four elements into vec4s, computes them together and scatters; the last thread holds fewer.
// Check and race: npx chexgpu doctor --kernel loss.weighted

const WORKGROUP: u32 = 64;

struct Params { batch: u32, classes: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;             // [b,c]
@group(0) @binding(2) var<storage, read> labels: array<f32>;        // [b,c], 0, 1 or NaN
@group(0) @binding(3) var<storage, read> weights: array<f32>;       // [positive | negative][c]
@group(0) @binding(4) var<storage, read_write> p: array<f32>;       // [b,c]
@group(0) @binding(5) var<storage, read_write> terms: array<f32>;   // [b, positive | negative, c]
@group(0) @binding(6) var<storage, read_write> dz: array<f32>;      // [b,c]

fn sigmoid(v: vec4f) -> vec4f {
  let e = select(exp(-abs(v)), vec4f(0.0), abs(v) > vec4f(87.0));
  return select(select(e, vec4f(1.0), v >= vec4f(0.0)) / (1.0 + e), v, broken(v));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = (id.x + id.y * groups.x * WORKGROUP) * 4u;
  let count = params.batch * params.classes;
  if (first >= count) { return; }

  var logit: vec4f;
  var y: vec4f;
  var positive: vec4f;
  var negative: vec4f;
  for (var j = 0u; j < 4u; j++) {
    let i = min(first + j, count - 1u);
    let c = i % params.classes;
    logit[j] = z[i];
    y[j] = labels[i];
    positive[j] = weights[c] * y[j];
    negative[j] = weights[params.classes + c] * (1.0 - y[j]);
  }
  positive = select(positive, vec4f(0.0), broken(y));
  negative = select(negative, vec4f(0.0), broken(y));
  let probability = sigmoid(logit);
  let complement = 1.0 - probability;
  let inPositive = probability + params.epsilon;
  let inNegative = complement + params.epsilon;
  let positiveTerm = select(positive * log(inPositive), logit, broken(logit));
  let negativeTerm = select(negative * log(inNegative), logit, broken(logit));
  let slope = probability * complement / f32(params.batch) * (negative / inNegative - positive / inPositive);
  for (var j = 0u; j < min(4u, count - first); j++) {
    let i = first + j;
    let c = i % params.classes;
    let b = i / params.classes;
    p[i] = probability[j];
    terms[b * 2u * params.classes + c] = positiveTerm[j];
    terms[(b * 2u + 1u) * params.classes + c] = negativeTerm[j];
    dz[i] = slope[j];
  }
}

// NaN or infinite, told by the bits: exp and log of some drivers make finite numbers of NaN (SwiftShader does).
fn broken(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7f800000u)) == vec4u(0x7f800000u); }
