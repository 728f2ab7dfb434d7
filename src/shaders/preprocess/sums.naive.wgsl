// Sum of the pixel values of one slice of one image, exact, one thread per slice, byte by byte.
//
//   sums[b,s] = sum over i in slice s of  pixels[b,i]        i: flat index over h, w and channels
//
// Pixels are uint8, four to a u32, the first in the lowest bits; an image may begin in the middle of a word.
// Check and race: npx chexgpu doctor --kernel preprocess.sums

const WORKGROUP: u32 = 64;

struct Params { batch: u32, imageBytes: u32, sliceBytes: u32, slices: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;   // [b,slices]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let slice = i % params.slices;
  let b = i / params.slices;
  if (b >= params.batch) { return; }
  let start = b * params.imageBytes + slice * params.sliceBytes;
  let end = b * params.imageBytes + min((slice + 1u) * params.sliceBytes, params.imageBytes);
  var sum = 0u;
  for (var at = start; at < end; at++) { sum += (pixels[at / 4u] >> (8u * (at % 4u))) & 255u; }
  sums[i] = sum;
}
