// Gradients cut to size, in place, one thread per parameter.
//
//   gradient = max(-limit, min(limit, factor * gradient))
//
// By value: factor 1, limit the largest magnitude allowed. By norm: factor = allowed norm / norm where that is below
// 1, and the largest float32 as the limit; the norm comes from squares.naive.wgsl.
// Variants: naive (this, any count, also the tail of vec4) -> vec4 (this text with Real = vec4f: four parameters per
// thread).
// Check and race: npx chexgpu doctor --kernel clip.step

alias Real = f32;

const WORKGROUP: u32 = 64;

struct Params { first: u32, count: u32 }   // Reals [first, first + count)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bounds: vec4f;             // factor, limit, 0, 0
@group(0) @binding(2) var<storage, read_write> gradient: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  let at = params.first + i;
  gradient[at] = clamp(bounds.x * gradient[at], Real(-bounds.y), Real(bounds.y));
}
