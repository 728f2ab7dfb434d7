// The largest magnitude, four values at once; `count` and `run` are in vec4s (formula: largest.naive.wgsl).
// Check and race: npx chexgpu doctor --kernel reduce.largest

const WORKGROUP: u32 = 64;

struct Params { count: u32, run: u32, runs: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> largest: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.runs) { return; }
  let end = min((id.x + 1u) * params.run, params.count);
  var most = vec4u(0u);
  for (var i = id.x * params.run; i < end; i++) { most = max(most, x[i] & vec4u(0x7fffffffu)); }
  largest[id.x] = max(max(most.x, most.y), max(most.z, most.w));
}
