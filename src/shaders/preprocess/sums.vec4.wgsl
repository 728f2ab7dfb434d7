// Sum of the pixel values of one slice of one image, exact, one thread a slice, a word of four pixels at once.
// Formula: sums.naive.wgsl. Bytes of the first and last word that belong to a neighbour are left out.
//
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
  var sum = vec4u(0u);
  for (var word = start / 4u; word * 4u < end; word++) {
    let at = vec4u(word * 4u) + vec4u(0u, 1u, 2u, 3u);
    let v = (vec4u(pixels[word]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
    sum += select(vec4u(0u), v, (at >= vec4u(start)) & (at < vec4u(end)));
  }
  sums[i] = sum.x + sum.y + sum.z + sum.w;
}
