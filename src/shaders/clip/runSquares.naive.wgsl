// Sums of squares of runs of neighbours, each with a begin and an end of its own; the host adds those of one tensor.
//
//   sums[t] = sum of x[i]^2 over runs[t].x <= i < runs[t].y
//
// One thread per run, always in the same order; runs are short, since a long f32 sum loses digits. They begin where
// tensors do, at no multiple of four.
// Check and race: npx chexgpu doctor --kernel clip.runSquares

const WORKGROUP: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> runs: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.count) { return; }
  let run = runs[id.x];
  var sum = 0.0;
  for (var i = run.x; i < run.y; i++) { sum += x[i] * x[i]; }
  sums[id.x] = sum;
}
