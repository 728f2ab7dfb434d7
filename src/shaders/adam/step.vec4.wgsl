// One Adam update by the rule of Keras 2, four parameters a thread. Formula: step.naive.wgsl.
//
// `count` is in vec4s; where the number of parameters is no multiple of four, naive does the last few.
// Check and race: npx chexgpu doctor --kernel adam.step

const WORKGROUP: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read> hyper: vec4f;             // rate, beta1, beta2, epsilon
@group(0) @binding(3) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  let g = gradient[i];
  let mean = hyper.y * m[i] + (1.0 - hyper.y) * g;
  let square = hyper.z * v[i] + (1.0 - hyper.z) * g * g;
  m[i] = mean;
  v[i] = square;
  w[i] -= hyper.x * mean / (sqrt(square) + hyper.w);
}
