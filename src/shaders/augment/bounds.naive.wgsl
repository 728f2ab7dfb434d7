// The range of each image before and after its channel shift, one thread per image.
//
//   low, high = min, max over s of ranges[b,s]
//   bounds[b] = low, high, clamp(low + shift, low, high), clamp(high + shift, low, high)
//
// An image whose channels are not shifted has the same range twice. table: changeTable.ts.
// Check and race: npx chexgpu doctor --kernel augment.bounds

const TABLE: u32 = 20;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, slices: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ranges: array<vec2f>;        // [b,slices]
@group(0) @binding(2) var<storage, read> table: array<u32>;           // [b,TABLE]
@group(0) @binding(3) var<storage, read_write> bounds: array<vec4f>;  // [b]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let b = id.x + id.y * groups.x * WORKGROUP;
  if (b >= params.batch) { return; }
  var range = ranges[b * params.slices];
  for (var s = 1u; s < params.slices; s++) {
    let other = ranges[b * params.slices + s];
    range = vec2f(min(range.x, other.x), max(range.y, other.y));
  }
  let shift = bitcast<f32>(table[b * TABLE + 13u]);
  bounds[b] = vec4f(range, clamp(range + shift, vec2f(range.x), vec2f(range.y)));
}
