// Adds partial results slice by slice, four neighbours a thread (formula: slices.naive.wgsl).
// All counts and places are in vec4s.
// Check and race: npx chexgpu doctor --kernel reduce.slices

const WORKGROUP: u32 = 64;

struct Params { count: u32, slices: u32, layerSize: u32, layerStep: u32, layerGrowth: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  var sum = vec4f(0.0);
  for (var s = 0u; s < params.slices; s++) { sum += x[s * params.count + i]; }
  let layer = i / params.layerSize;
  y[layer * params.layerStep + layer * (layer - min(layer, 1u)) / 2u * params.layerGrowth + i % params.layerSize] = sum;
}
