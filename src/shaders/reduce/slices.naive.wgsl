// Adds partial results slice by slice, always in the same order: the second half of every split sum. One
// thread per sum.
//
//   y[place(i)] = sum over s of  x[s,i]          i < count, s < slices
//   place(i) = l*layerStep + l(l-1)/2*layerGrowth + i%layerSize, l = i/layerSize
//
// place: the results of several layers, each in its place, where the step from layer to layer may grow evenly.
// Deterministic replacement for float atomics, which WGSL does not have anyway.
// Variants: naive (this, any count) -> vec4 (this text with Real = vec4f: four neighbours per thread).
// Check and race: npx chexgpu doctor --kernel reduce.slices

alias Real = f32;

const WORKGROUP: u32 = 64;

// All but the slices are counted in Reals.
struct Params {
  count: u32,
  slices: u32,
  layerSize: u32,
  layerStep: u32,
  layerGrowth: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read_write> y: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  var sum = Real(0.0);
  for (var s = 0u; s < params.slices; s++) { sum += x[s * params.count + i]; }
  let layer = i / params.layerSize;
  let pairs = layer * (layer - min(layer, 1u)) / 2u;
  y[layer * params.layerStep + pairs * params.layerGrowth + i % params.layerSize] = sum;
}
