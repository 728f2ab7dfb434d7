// Mean and 1/(std + epsilon) of each image, over all its pixels and channels, one thread per image.
//
//   d    = sum over s of parts[b,s,0] / each,      mean = centre + d
//   std  = sqrt( sum over s of parts[b,s,1] / each - d*d )                   population
//   moments[b] = mean, mean, mean, 1/(std + epsilon), the same, the same     one slot per channel
//
// centre, sums and parts are those of squares.naive.wgsl.
// Check and race: npx chexgpu doctor --kernel standardise.moments

const WORKGROUP: u32 = 64;

struct Params { batch: u32, each: u32, slices: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> sums: array<f32>;            // [b,slices]
@group(0) @binding(3) var<storage, read> parts: array<vec2f>;         // [b,slices]
@group(0) @binding(4) var<storage, read_write> moments: array<f32>;   // [b,6]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let b = id.x + id.y * groups.x * WORKGROUP;
  if (b >= params.batch) { return; }
  var total = 0.0;
  var part = vec2f(0.0);
  for (var s = 0u; s < params.slices; s++) {
    total += sums[b * params.slices + s];
    part += parts[b * params.slices + s];
  }
  let count = f32(params.each);
  let d = part.x / count;
  let mean = x[b * params.each] + total / count + d;
  let inverse = 1.0 / (sqrt(max(0.0, part.y / count - d * d)) + params.epsilon);
  for (var c = 0u; c < 3u; c++) {
    moments[b * 6u + c] = mean;
    moments[b * 6u + 3u + c] = inverse;
  }
}
