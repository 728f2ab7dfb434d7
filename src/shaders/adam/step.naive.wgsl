// One Adam update by the rule of Keras 2, one thread per parameter.
//
//   m = beta1*m + (1-beta1)*g        v = beta2*v + (1-beta2)*g*g        w = w - rate * m / (sqrt(v) + epsilon)
//   rate = lr * sqrt(1-beta2^t) / (1-beta1^t), t = 1 for the first step, computed by the host in float64
//
// epsilon stands outside the root and is not rescaled by the bias correction.
// FACTORS: a number per block multiplies rate; where it is 0 nothing moves. Every tensor begins at a multiple of BLOCK
// parameters.
// Variants: naive (this, any count, also the tail of vec4) -> vec4 (this text with Real = vec4f: four parameters per
// thread).
// Check and race: npx chexgpu doctor --kernel adam.step

alias Real = f32;

const WORKGROUP: u32 = 64;
const FACTORS: bool = false;
const BLOCK: u32 = 64;   // in Reals

struct Params { first: u32, count: u32 }   // Reals [first, first + count)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<Real>;
@group(0) @binding(2) var<storage, read> hyper: vec4f;             // rate, beta1, beta2, epsilon
@group(0) @binding(3) var<storage, read_write> w: array<Real>;
@group(0) @binding(4) var<storage, read_write> m: array<Real>;
@group(0) @binding(5) var<storage, read_write> v: array<Real>;
@group(0) @binding(6) var<storage, read> factors: array<f32>;       // one per block

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  let at = params.first + i;
  var rate = hyper.x;
  if (FACTORS) {
    let factor = factors[at / BLOCK];
    if (factor == 0.0) { return; }
    rate *= factor;
  }
  let g = gradient[at];
  let mean = hyper.y * m[at] + (1.0 - hyper.y) * g;
  let square = hyper.z * v[at] + (1.0 - hyper.z) * g * g;
  m[at] = mean;
  v[at] = square;
  w[at] -= rate * mean / (sqrt(square) + hyper.w);
}
