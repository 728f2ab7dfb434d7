// Sums of squares of many values, one per run of neighbours; the host adds those and takes the root: the norm.
//
//   sums[t] = sum of x[i]^2 over t*run <= i < min((t+1)*run, count)
//
// One thread per run, always in the same order; runs are short, since a long f32 sum loses digits.
// Variants: naive (this, any count) -> vec4 (four values at once, four sums side by side).
// Check and race: npx chexgpu doctor --kernel clip.squares

const WORKGROUP: u32 = 64;

struct Params { count: u32, run: u32, runs: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.runs) { return; }
  let end = min((id.x + 1u) * params.run, params.count);
  var sum = 0.0;
  for (var i = id.x * params.run; i < end; i++) { sum += x[i] * x[i]; }
  sums[id.x] = sum;
}
