// Sum of one slice of one image, as distances from the image's first value, one thread per slice.
//
//   sums[b,s] = sum over i in slice s of  x[b,i] - x[b,0]        i: flat index over h, w and channels
//
// Check and race: npx chexgpu doctor --kernel standardise.sums

const WORKGROUP: u32 = 64;

struct Params { batch: u32, each: u32, slice: u32, slices: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;   // [b,slices]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let s = i % params.slices;
  let b = i / params.slices;
  if (b >= params.batch) { return; }
  let first = x[b * params.each];
  let end = b * params.each + min((s + 1u) * params.slice, params.each);
  var sum = 0.0;
  for (var at = b * params.each + s * params.slice; at < end; at++) { sum += x[at] - first; }
  sums[i] = sum;
}
