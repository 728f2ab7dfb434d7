// Weighted cross-entropy, element pass: probabilities, terms of the loss and gradient, one thread per element.
//
//   p = sigmoid(z)
//   terms[b,c]         = positive[c] * y * ln(p + epsilon)
//   terms[b,classes+c] = negative[c] * (1-y) * ln((1-p) + epsilon)
//   dz = p*(1-p)/batch * ( -positive[c]*y/(p+epsilon) + negative[c]*(1-y)/((1-p)+epsilon) )
//
// epsilon stands inside the logarithm, as in the course's notebook; dz is the exact gradient of loss.sum with it, and
// is zero where p has rounded to 0 or 1. Where y is NaN, unknown, terms and dz are 0. sigmoid: sigmoid.naive.wgsl.
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

fn sigmoid(v: f32) -> f32 {
  let e = select(exp(-abs(v)), 0.0, abs(v) > 87.0);
  return select(select(e, 1.0, v >= 0.0) / (1.0 + e), v, broken(v));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.classes;
  let b = i / params.classes;
  if (b >= params.batch) { return; }

  let probability = sigmoid(z[i]);
  let complement = 1.0 - probability;
  let y = labels[i];
  let positive = select(weights[c] * y, 0.0, broken(y));
  let negative = select(weights[params.classes + c] * (1.0 - y), 0.0, broken(y));
  let inPositive = probability + params.epsilon;
  let inNegative = complement + params.epsilon;
  p[i] = probability;
  terms[b * 2u * params.classes + c] = select(positive * log(inPositive), z[i], broken(z[i]));
  terms[(b * 2u + 1u) * params.classes + c] = select(negative * log(inNegative), z[i], broken(z[i]));
  dz[i] = probability * complement / f32(params.batch) * (negative / inNegative - positive / inPositive);
}

// NaN or infinite, told by the bits: exp and log of some drivers make finite numbers of NaN (SwiftShader does).
fn broken(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) == 0x7f800000u; }
