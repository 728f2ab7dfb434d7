// One update of Adam with decoupled weight decay, four parameters per thread. Formula: step.naive.wgsl.
//
// `count` is in vec4s; where the number of parameters is no multiple of four, naive does the last few.
// Check and race: npx chexgpu doctor --kernel adamw.step

const WORKGROUP: u32 = 64;
const BLOCK: u32 = 64;

struct Params { count: u32 }

struct Hyper {
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  decay: f32,
  decays: array<f32>,   // decays[parameter / BLOCK]: 1 or 0
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> hyper: Hyper;
@group(0) @binding(3) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  let g = gradient[i];
  let mean = hyper.beta1 * m[i] + (1.0 - hyper.beta1) * g;
  let square = hyper.beta2 * v[i] + (1.0 - hyper.beta2) * g * g;
  m[i] = mean;
  v[i] = square;
  let old = w[i];
  w[i] = old - hyper.decay * hyper.decays[4 * i / BLOCK] * old - hyper.rate * mean / (sqrt(square) + hyper.epsilon);
}
