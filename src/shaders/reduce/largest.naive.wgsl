// The largest magnitude of many values, one per run of neighbours; the host takes the largest of those.
//
//   largest[t] = max of |x[i]| over t*run <= i < min((t+1)*run, count)
//
// Compared by the bits, which are in the order of the magnitudes and put infinity above all numbers and NaN above
// infinity: nothing that is not finite is lost, as max() may lose NaN. One thread per run: on processors neighbours one
// after the other are read twice as fast as every n-th value.
// Variants: naive (this, any count) -> vec4 (four values at once).
// Check and race: npx chexgpu doctor --kernel reduce.largest

const WORKGROUP: u32 = 64;

struct Params { count: u32, run: u32, runs: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> largest: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.runs) { return; }
  let end = min((id.x + 1u) * params.run, params.count);
  var most = 0u;
  for (var i = id.x * params.run; i < end; i++) { most = max(most, x[i] & 0x7fffffffu); }
  largest[id.x] = most;
}
