// Mean and 1/(std + epsilon) of each image, over all its pixels and channels, one thread per image.
//
//   d    = sum of (pixels - centre) / imageBytes,    mean = centre + d
//   std  = sqrt( sum over s of squares[b,s] / imageBytes - d*d )             population, |d| <= 1/2
//   moments[b] = mean, mean, mean, 1/(std + epsilon), the same, the same     one slot per channel
//
// sums, squares and centre are those of sums.naive.wgsl and squares.naive.wgsl. A constant image has std = 0 exactly.
// Variants: naive (this) -> vec4 (four slices at once).
// Check and race: npx chexgpu doctor --kernel preprocess.moments

const WORKGROUP: u32 = 64;

struct Params { batch: u32, imageBytes: u32, slices: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<u32>;            // [b,slices]
@group(0) @binding(2) var<storage, read> squares: array<u32>;         // [b,slices]
@group(0) @binding(3) var<storage, read_write> moments: array<f32>;   // [b,6]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let b = id.x + id.y * groups.x * WORKGROUP;
  if (b >= params.batch) { return; }
  var total = 0u;
  var square = 0.0;
  for (var s = 0u; s < params.slices; s++) {
    total += sums[b * params.slices + s];
    square += f32(squares[b * params.slices + s]);
  }
  let count = f32(params.imageBytes);
  let centre = (total + params.imageBytes / 2u) / params.imageBytes;
  let d = f32(i32(total - centre * params.imageBytes)) / count;
  let mean = f32(centre) + d;
  let inverse = 1.0 / (sqrt(max(0.0, square / count - d * d)) + params.epsilon);
  for (var c = 0u; c < 3u; c++) {
    moments[b * 6u + c] = mean;
    moments[b * 6u + 3u + c] = inverse;
  }
}
