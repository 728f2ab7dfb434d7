// Mean and 1/(std + epsilon) of each image, one thread per image, four slices at once.
// Formula: moments.naive.wgsl.
//
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
  var totals = vec4u(0u);
  var squared = vec4f(0.0);
  for (var s = 0u; s < params.slices; s += 4u) {
    let slice = vec4u(s) + vec4u(0u, 1u, 2u, 3u);
    let at = vec4u(b * params.slices) + min(slice, vec4u(params.slices - 1u));
    let mine = slice < vec4u(params.slices);
    totals += select(vec4u(0u), vec4u(sums[at.x], sums[at.y], sums[at.z], sums[at.w]), mine);
    let parts = vec4u(squares[at.x], squares[at.y], squares[at.z], squares[at.w]);
    squared += select(vec4f(0.0), vec4f(parts), mine);
  }
  let total = totals.x + totals.y + totals.z + totals.w;
  let square = (squared.x + squared.y) + (squared.z + squared.w);
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
