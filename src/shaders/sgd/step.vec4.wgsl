// One update of stochastic gradient descent, four parameters per thread. Formula: step.naive.wgsl.
//
// `count` is in vec4s; where the number of parameters is no multiple of four, naive does the last few.
// Check and race: npx chexgpu doctor --kernel sgd.step

const WORKGROUP: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> hyper: vec4f;             // lr, momentum, 1 for Nesterov or 0, 0
@group(0) @binding(3) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> velocity: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  let step = hyper.x * gradient[i];
  let v = hyper.y * velocity[i] - step;
  velocity[i] = v;
  w[i] += select(v, hyper.y * v - step, hyper.z > 0.0);
}
