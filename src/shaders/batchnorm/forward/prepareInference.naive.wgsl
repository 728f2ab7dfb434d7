// Batch norm, inference: the affine that the next convolution applies, from the moving averages.
//
//   scale = gamma / sqrt(movingVariance + epsilon)      shift = beta - movingMean*scale
//
// Variants: naive (this, one thread a channel) -> vec4 (four channels a thread).
// Check and race: npx chexgpu doctor --kernel batchnorm.prepareInference

const WORKGROUP: u32 = 64;

struct Params { channels: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> moving: array<f32>;        // [mean | variance][c]
@group(0) @binding(2) var<storage, read> gammaBeta: array<f32>;     // [gamma | beta][c]
@group(0) @binding(3) var<storage, read_write> affine: array<f32>;  // [scale | shift][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let count = params.channels;
  if (c >= count) { return; }
  let scale = gammaBeta[c] / sqrt(moving[count + c] + params.epsilon);
  affine[c] = scale;
  affine[count + c] = gammaBeta[count + c] - moving[c] * scale;
}
