// A weighted mean of two tensors, in place, one thread per parameter.
//
//   mean = share * mean + (1 - share) * other
//
// The mean gradient of several batches: mean begins as the gradient of one more batch of n images, other is the mean
// of those before, share = n / all images so far. The moving average of weights: mean is the average, other the
// weights, share the momentum. The result lies between the two, so it is finite where they are.
// FACTORS: where the factor of a block is 0 the mean stays as it is, to the bit.
// Variants: naive (this, any count, also the tail of vec4) -> vec4 (this text with Real = vec4f: four parameters per
// thread).
// Check and race: npx chexgpu doctor --kernel blend.step

alias Real = f32;

const WORKGROUP: u32 = 64;
const FACTORS: bool = false;
const BLOCK: u32 = 64;   // in Reals

struct Params { first: u32, count: u32 }   // Reals [first, first + count)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> other: array<Real>;
@group(0) @binding(2) var<storage, read> share: vec4f;              // share, 0, 0, 0
@group(0) @binding(3) var<storage, read_write> mean: array<Real>;
@group(0) @binding(4) var<storage, read> factors: array<f32>;       // one per block

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= params.count) { return; }
  let at = params.first + i;
  if (FACTORS && factors[at / BLOCK] == 0.0) { return; }
  mean[at] = share.x * mean[at] + (1.0 - share.x) * other[at];
}
