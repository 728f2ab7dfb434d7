// Sum of the squared distances from the image's rounded mean, one thread a slice, a word of four pixels at once.
// Formula: squares.naive.wgsl. Bytes of the first and last word that belong to a neighbour are left out.
//
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
  var sum = vec4u(0u);
  for (var word = start / 4u; word * 4u < end; word++) {
    let at = vec4u(word * 4u) + vec4u(0u, 1u, 2u, 3u);
    let distance = ((vec4u(pixels[word]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u)) - vec4u(centre);
    sum += select(vec4u(0u), distance * distance, (at >= vec4u(start)) & (at < vec4u(end)));
  }
  squares[i] = sum.x + sum.y + sum.z + sum.w;
}
