// Batch norm, training: affine and moving averages, four channels a thread; `channels`, `known`, `statsStride` and
// `statsOffset` count vec4s here. Formula: prepareTraining.naive.wgsl. Needs channels that are multiples of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.prepareTraining

const WORKGROUP: u32 = 64;

struct Params {
  channels: u32, known: u32, slices: u32, pixels: u32, pixelsPerSlice: u32,
  statsStride: u32, statsOffset: u32, epsilon: f32, rate: f32, varianceFactor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;          // [slice][mean | squares][c - known]
@group(0) @binding(2) var<storage, read> gammaBeta: array<vec4f>;      // [gamma | beta][c]
@group(0) @binding(3) var<storage, read_write> stats: array<vec4f>;    // [mean | variance][c]
@group(0) @binding(4) var<storage, read_write> moving: array<vec4f>;   // [mean | variance][c]
@group(0) @binding(5) var<storage, read_write> affine: array<vec4f>;   // [scale | shift][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let count = params.channels;
  if (c >= count) { return; }
  var mean = stats[params.statsOffset + c];
  var variance = stats[params.statsStride + params.statsOffset + c];
  if (c >= params.known) {
    let fresh = count - params.known;
    var n = 0.0;
    mean = vec4f(0.0);
    var squares = vec4f(0.0);
    for (var s = 0u; s < params.slices; s++) {
      let size = f32(min(params.pixelsPerSlice, params.pixels - s * params.pixelsPerSlice));
      let d = parts[s * 2u * fresh + c - params.known] - mean;
      let total = n + size;
      mean += d * (size / total);
      squares += parts[(s * 2u + 1u) * fresh + c - params.known] + d * d * (n * size / total);
      n = total;
    }
    variance = squares / n;
    stats[params.statsOffset + c] = mean;
    stats[params.statsStride + params.statsOffset + c] = variance;
  }
  let scale = gammaBeta[c] / sqrt(variance + params.epsilon);
  affine[c] = scale;
  affine[count + c] = gammaBeta[count + c] - mean * scale;
  moving[c] -= (moving[c] - mean) * params.rate;
  moving[count + c] -= (moving[count + c] - variance * params.varianceFactor) * params.rate;
}
