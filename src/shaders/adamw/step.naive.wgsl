// One update of Adam with decoupled weight decay, one thread per parameter.
//
//   m = beta1*m + (1-beta1)*g        v = beta2*v + (1-beta2)*g*g
//   w = w - decay*w - rate * m / (sqrt(v) + epsilon)                without decay*w where decays is 0
//   rate = lr * sqrt(1-beta2^t) / (1-beta1^t), t = 1 for the first step; decay = lr * weight decay; both computed by
//   the host in float64
//
// The decay moves w towards 0 beside the step and is no part of the gradient. epsilon stands outside the root and is
// not rescaled by the bias correction, as in Keras; PyTorch's epsilon is this one divided by sqrt(1-beta2^t).
// Every tensor begins at a multiple of BLOCK parameters, so that one number per block says whether its tensor decays.
// FACTORS: another one per block, on rate and decay; where it is 0 nothing moves.
// Variants: naive (this, any count, also the tail of vec4) -> vec4 (this text with Real = vec4f: four parameters per
// thread).
// Check and race: npx chexgpu doctor --kernel adamw.step

alias Real = f32;

const WORKGROUP: u32 = 64;
const FACTORS: bool = false;
const BLOCK: u32 = 64;   // in Reals

struct Params { first: u32, count: u32 }   // Reals [first, first + count)

struct Hyper {
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  decay: f32,
  decays: array<f32>,   // one per block: 1 or 0
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<Real>;
@group(0) @binding(2) var<storage, read> hyper: Hyper;
@group(0) @binding(3) var<storage, read_write> w: array<Real>;
@group(0) @binding(4) var<storage, read_write> m: array<Real>;
@group(0) @binding(5) var<storage, read_write> v: array<Real>;
@group(0) @binding(6) var<storage, read> factors: array<f32>;       // one per block

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  let at = params.first + i;
  var rate = hyper.rate;
  var decay = hyper.decay;
  if (FACTORS) {
    let factor = factors[at / BLOCK];
    if (factor == 0.0) { return; }
    rate *= factor;
    decay *= factor;
  }
  let g = gradient[at];
  let mean = hyper.beta1 * m[at] + (1.0 - hyper.beta1) * g;
  let square = hyper.beta2 * v[at] + (1.0 - hyper.beta2) * g * g;
  m[at] = mean;
  v[at] = square;
  let old = w[at];
  w[at] = old - decay * hyper.decays[at / BLOCK] * old - rate * mean / (sqrt(square) + hyper.epsilon);
}
