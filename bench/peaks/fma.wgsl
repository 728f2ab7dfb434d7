// How fast this adapter multiplies and adds: nothing but fused multiply-adds on registers.
//
//   sum[i] = sum[i] * factor + addend     ROUNDS times, ACCUMULATORS chains that do not wait for each other
//
// A vec4f fma counts 8 FLOPs. factor and addend come from memory, so that no compiler can know the result, and
// keep the sums near 1: no infinity, no denormal number.

const ACCUMULATORS: u32 = 8;
const ROUNDS: u32 = 256;
const WORKGROUP: u32 = 64;

struct Params {
  threads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= params.threads) {
    return;
  }
  let factor = x[0];
  let addend = x[1];
  /*registers*/ var sum: array<vec4f, ACCUMULATORS>;
  /*unroll*/ for (var i = 0u; i < ACCUMULATORS; i++) {
    sum[i] = x[2] + vec4f(f32(i), f32(thread), 0.0, 1.0) * 1e-3;
  }
  for (var round = 0u; round < ROUNDS; round++) {
    /*unroll*/ for (var i = 0u; i < ACCUMULATORS; i++) {
      sum[i] = fma(sum[i], factor, addend);
    }
  }
  var total = vec4f(0.0);
  /*unroll*/ for (var i = 0u; i < ACCUMULATORS; i++) {
    total += sum[i];
  }
  y[thread] = total;
}
