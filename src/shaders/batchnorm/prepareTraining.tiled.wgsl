// Batch norm, training: affine and moving averages, four channels a thread; `channels`, `statsStride` and `statsOffset` count
// vec4s here. Formula: prepareTraining.naive.wgsl. Needs channels that are a multiple of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.prepareTraining

const WORKGROUP: u32 = 64;

struct Params { channels: u32, statsStride: u32, statsOffset: u32, epsilon: f32, rate: f32, varianceFactor: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> stats: array<vec4f>;          // [mean | variance][c]
@group(0) @binding(2) var<storage, read> gammaBeta: array<vec4f>;      // [gamma | beta][c]
@group(0) @binding(3) var<storage, read_write> moving: array<vec4f>;   // [mean | variance][c]
@group(0) @binding(4) var<storage, read_write> affine: array<vec4f>;   // [scale | shift][c]

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

fn isFinite(v: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(v) & vec4u(0x7f800000u)) != vec4u(0x7f800000u);
}
