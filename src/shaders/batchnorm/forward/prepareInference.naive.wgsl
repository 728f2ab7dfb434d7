// Batch norm, inference: the affine that the next convolution applies, from the moving averages.
//
//   scale = gamma / sqrt(movingVariance + epsilon)      shift = beta - movingMean*scale
//
// One thread per channel. Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per
// thread).
// Check and race: npx chexgpu doctor --kernel batchnorm.prepareInference

alias Real = f32;

const WORKGROUP: u32 = 64;

struct Params { channels: u32, epsilon: f32 }   // channels in Reals

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> moving: array<Real>;        // [mean | variance][c]
@group(0) @binding(2) var<storage, read> gammaBeta: array<Real>;     // [gamma | beta][c]
@group(0) @binding(3) var<storage, read_write> affine: array<Real>;  // [scale | shift][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let count = params.channels;
  if (c >= count) { return; }
  let scale = gammaBeta[c] / sqrt(moving[count + c] + params.epsilon);
  affine[c] = scale;
  affine[count + c] = gammaBeta[count + c] - moving[c] * scale;
}
