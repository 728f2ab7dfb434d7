// One update of stochastic gradient descent by Keras' rule, one thread per parameter.
//
//   v = momentum*v - lr*g        w = w + v                      without Nesterov
//                                w = w + momentum*v - lr*g      with it, v being the new one
//
// PyTorch keeps the learning rate out of v: v = momentum*v + g, w = w - lr*v. While lr stays the same that is the same
// update; after a change of lr Keras' v still holds the old one.
// FACTORS: a number per block multiplies lr; where it is 0 nothing moves. Every tensor begins at a multiple of BLOCK
// parameters.
// Variants: naive (this, any count, also the tail of vec4) -> vec4 (this text with Real = vec4f: four parameters per
// thread).
// Check and race: npx chexgpu doctor --kernel sgd.step

alias Real = f32;

const WORKGROUP: u32 = 64;
const FACTORS: bool = false;
const BLOCK: u32 = 64;   // in Reals

struct Params { first: u32, count: u32 }   // Reals [first, first + count)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<Real>;
@group(0) @binding(2) var<storage, read> hyper: vec4f;             // lr, momentum, 1 for Nesterov or 0, 0
@group(0) @binding(3) var<storage, read_write> w: array<Real>;
@group(0) @binding(4) var<storage, read_write> velocity: array<Real>;
@group(0) @binding(5) var<storage, read> factors: array<f32>;       // one per block

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
  let step = rate * gradient[at];
  let v = hyper.y * velocity[at] - step;
  velocity[at] = v;
  w[at] += select(v, hyper.y * v - step, hyper.z > 0.0);
}
