// Sum of the squared distances from the image's rounded mean, exact, one thread per slice, byte by byte.
//
//   centre[b]    = round( sum over s of sums[b,s] / imageBytes )            a whole number
//   squares[b,s] = sum over i in slice s of  (pixels[b,i] - centre[b])^2    fits a u32 up to 66,000 bytes per slice
//
// A second pass over the pixels, because a sum of squares about zero cancels; whole numbers, because they are exact.
// Layout of pixels: sums.naive.wgsl.
// Check and race: npx chexgpu doctor --kernel preprocess.squares

const WORKGROUP: u32 = 64;

struct Params { batch: u32, imageBytes: u32, sliceBytes: u32, slices: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> sums: array<u32>;            // [b,slices]
@group(0) @binding(3) var<storage, read_write> squares: array<u32>;   // [b,slices]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let slice = i % params.slices;
  let b = i / params.slices;
  if (b >= params.batch) { return; }
  var total = 0u;
  for (var s = 0u; s < params.slices; s++) { total += sums[b * params.slices + s]; }
  let centre = (total + params.imageBytes / 2u) / params.imageBytes;

  let start = b * params.imageBytes + slice * params.sliceBytes;
  let end = b * params.imageBytes + min((slice + 1u) * params.sliceBytes, params.imageBytes);
  var sum = 0u;
  for (var at = start; at < end; at++) {
    // Below the centre the difference wraps, and its square unwraps again.
    let distance = ((pixels[at / 4u] >> (8u * (at % 4u))) & 255u) - centre;
    sum += distance * distance;
  }
  squares[i] = sum;
}
