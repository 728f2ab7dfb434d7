// Gradients scaled in place, each run of neighbours by a factor of its own; what lies between runs stays.
//
//   gradient[i] = factors[t] * gradient[i] for runs[t].x <= i < runs[t].y
//
// By the norm of each tensor: factor = allowed norm / norm where that is below 1, the same for all runs of a tensor;
// the norms come from runSquares.naive.wgsl. One workgroup per run, neighbours by neighbouring threads.
// Check and race: npx chexgpu doctor --kernel clip.scaleRuns

const WORKGROUP: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> runs: array<vec2u>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let t = group.x + group.y * groups.x;
  if (t >= params.count) { return; }
  let run = runs[t];
  let factor = factors[t];
  for (var i = run.x + thread; i < run.y; i += WORKGROUP) { gradient[i] *= factor; }
}
