// Sums of the distances, and of their squares, of one slice from about the image's mean, one thread per slice.
//
//   centre[b]  = x[b,0] + sum over s of sums[b,s] / each
//   parts[b,s] = sum of (x[b,i] - centre[b]), sum of (x[b,i] - centre[b])^2        over i in slice s
//
// A second pass, because squares about another point than the mean cancel; the distances say what the centre still
// misses of the mean. A constant image has the centre x[b,0], and zeros here.
// Check and race: npx chexgpu doctor --kernel standardise.squares

const WORKGROUP: u32 = 64;

struct Params { batch: u32, each: u32, slice: u32, slices: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> sums: array<f32>;            // [b,slices]
@group(0) @binding(3) var<storage, read_write> parts: array<vec2f>;   // [b,slices]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let slice = i % params.slices;
  let b = i / params.slices;
  if (b >= params.batch) { return; }
  var total = 0.0;
  for (var s = 0u; s < params.slices; s++) { total += sums[b * params.slices + s]; }
  let centre = x[b * params.each] + total / f32(params.each);
  let end = b * params.each + min((slice + 1u) * params.slice, params.each);
  var part = vec2f(0.0);
  for (var at = b * params.each + slice * params.slice; at < end; at++) {
    let d = x[at] - centre;
    part += vec2f(d, d * d);
  }
  parts[i] = part;
}
