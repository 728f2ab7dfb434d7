// Least and greatest value of one slice of one image, one thread per slice.
//
//   ranges[b,s] = min, max over i in slice s of  x[b,i]        i: flat index over h, w and channels
//
// Check and race: npx chexgpu doctor --kernel augment.range

const WORKGROUP: u32 = 64;

struct Params { batch: u32, each: u32, slice: u32, slices: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> ranges: array<vec2f>;   // [b,slices]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let s = i % params.slices;
  let b = i / params.slices;
  if (b >= params.batch) { return; }
  let start = b * params.each + s * params.slice;
  let end = b * params.each + min((s + 1u) * params.slice, params.each);
  var least = x[start];
  var most = least;
  for (var at = start + 1u; at < end; at++) {
    least = min(least, x[at]);
    most = max(most, x[at]);
  }
  ranges[i] = vec2f(least, most);
}
