// Batch norm, training: from the statistics of this batch to the affine that the next convolution applies,
// and one step of the moving averages. One thread a channel.
//
//   scale = gamma / sqrt(variance + epsilon)      shift = beta - mean*scale
//   movingMean     -= (movingMean - mean) * rate                        rate = 1 - momentum
//   movingVariance -= (movingVariance - variance*varianceFactor) * rate
//
// varianceFactor is the host's choice of Keras' rule (n/(n-1) and the like); the forward pass itself uses
// the biased variance. Variants: naive (this) -> tiled (four channels a thread).
// Check and race: npx chexgpu doctor --kernel batchnorm.prepareTraining

const WORKGROUP: u32 = 64;

struct Params { channels: u32, statsStride: u32, statsOffset: u32, epsilon: f32, rate: f32, varianceFactor: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> stats: array<f32>;          // [mean | variance][c]
@group(0) @binding(2) var<storage, read> gammaBeta: array<f32>;      // [gamma | beta][c]
@group(0) @binding(3) var<storage, read_write> moving: array<f32>;   // [mean | variance][c]
@group(0) @binding(4) var<storage, read_write> affine: array<f32>;   // [scale | shift][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let count = params.channels;
  if (c >= count) { return; }
  let mean = stats[params.statsOffset + c];
  let variance = stats[params.statsStride + params.statsOffset + c];
  let scale = gammaBeta[c] / sqrt(variance + params.epsilon);
  affine[c] = scale;
  affine[count + c] = gammaBeta[count + c] - mean * scale;
  // A batch that overflowed must not reach the averages for good; tested by bits, since a compiler may
  // assume that no float is NaN.
  let finite = isFinite(mean) & isFinite(variance);
  moving[c] = select(moving[c], moving[c] - (moving[c] - mean) * params.rate, finite);
  moving[count + c] = select(
    moving[count + c], moving[count + c] - (moving[count + c] - variance * params.varianceFactor) * params.rate, finite);
}

fn isFinite(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7f800000u) != 0x7f800000u;
}
