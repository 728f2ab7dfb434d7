// Focal loss of the logits (Lin et al. 2017), element pass: probabilities, terms of the loss and gradient, one thread
// per element.
//
//   p = sigmoid(z), q = 1-p
//   terms[b,c]         = alpha * y * q^gamma * ln(p) / classes
//   terms[b,classes+c] = (1-alpha) * (1-y) * p^gamma * ln(q) / classes
//   dz = ( -alpha * y * q^gamma * (q - gamma * p * ln(p))
//          + (1-alpha) * (1-y) * p^gamma * (p - gamma * q * ln(q)) ) / (batch * classes)
//
// Neither p nor q is rounded before its logarithm: with e = exp(-|z|)
//   -ln(p) = max(-z,0) + ln(1+e),  -ln(q) = max(z,0) + ln(1+e),  p and q are 1/(1+e) and e/(1+e),
// and the powers are exp(gamma * ln(p)) and exp(gamma * ln(q)). Where y is NaN, unknown, terms and dz are 0.
// Check and race: npx chexgpu doctor --kernel loss.focal

const WORKGROUP: u32 = 64;

struct Params { batch: u32, classes: u32, gamma: f32, alpha: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;             // [b,c]
@group(0) @binding(2) var<storage, read> labels: array<f32>;        // [b,c], 0, 1 or NaN
@group(0) @binding(3) var<storage, read_write> p: array<f32>;       // [b,c]
@group(0) @binding(4) var<storage, read_write> terms: array<f32>;   // [b, positive | negative, c]
@group(0) @binding(5) var<storage, read_write> dz: array<f32>;      // [b,c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.classes;
  let b = i / params.classes;
  if (b >= params.batch) { return; }

  let v = z[i];
  let e = select(exp(-abs(v)), 0.0, abs(v) > 87.0);
  let larger = 1.0 / (1.0 + e);
  let smaller = e / (1.0 + e);
  let probability = select(select(smaller, larger, v >= 0.0), v, broken(v));
  let complement = select(select(larger, smaller, v >= 0.0), v, broken(v));
  let rest = logOfOnePlus(e);
  let minusLogP = max(-v, 0.0) + rest;
  let minusLogQ = max(v, 0.0) + rest;

  let unknown = broken(labels[i]);
  let share = 1.0 / f32(params.classes);
  let positive = select(labels[i], 0.0, unknown) * params.alpha * share * power(minusLogQ);
  let negative = select(1.0 - labels[i], 0.0, unknown) * (1.0 - params.alpha) * share * power(minusLogP);
  p[i] = probability;
  terms[b * 2u * params.classes + c] = select(-positive * minusLogP, v, broken(v));
  terms[(b * 2u + 1u) * params.classes + c] = select(-negative * minusLogQ, v, broken(v));
  let slopePositive = complement + params.gamma * probability * minusLogP;
  let slopeNegative = probability + params.gamma * complement * minusLogQ;
  dz[i] = (negative * slopeNegative - positive * slopePositive) / f32(params.batch);
}

// exp(-x)^gamma, 0 where it is too small for float32.
fn power(x: f32) -> f32 {
  let exponent = params.gamma * x;
  return select(exp(-exponent), 0.0, exponent > 87.0);
}

// ln(1+e) for e from 0 to 1; its series where 1+e would round e away.
fn logOfOnePlus(e: f32) -> f32 {
  return select(log(1.0 + e), e * (1.0 - e * (0.5 - e / 3.0)), e < 0.0078125);
}

// NaN or infinite, told by the bits: exp and log of some drivers make finite numbers of NaN (SwiftShader does).
fn broken(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) == 0x7f800000u; }
