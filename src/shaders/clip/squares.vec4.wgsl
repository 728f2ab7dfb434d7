// Sums of squares, four values at once; `count` and `run` are in vec4s (formula: squares.naive.wgsl).
// Check and race: npx chexgpu doctor --kernel clip.squares

const WORKGROUP: u32 = 64;

struct Params { count: u32, run: u32, runs: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.runs) { return; }
  let end = min((id.x + 1u) * params.run, params.count);
  var sum = vec4f(0.0);
  for (var i = id.x * params.run; i < end; i++) { sum += x[i] * x[i]; }
  sums[id.x] = (sum.x + sum.y) + (sum.z + sum.w);
}
