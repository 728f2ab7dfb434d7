// Batch norm, training: from the statistics of this batch to the affine that the next convolution applies,
// and one step of the moving averages. One thread per channel.
//
//   scale = gamma / sqrt(variance + epsilon)      shift = beta - mean*scale
//   movingMean     -= (movingMean - mean) * rate                        rate = 1 - momentum
//   movingVariance -= (movingVariance - variance*varianceFactor) * rate
//
// The first `known` channels have their statistics already: in a dense block an earlier batch norm joined them.
// Those of the others are joined here from slices of pixels, by Chan's rule (Chan, Golub, LeVeque 1979), and kept:
//   d = mean[s] - mean    mean += d*n[s]/(n + n[s])    squares += squares[s] + d^2*n*n[s]/(n + n[s])    n += n[s]
//   variance = squares / n
// varianceFactor is the host's choice of Keras' rule (n/(n-1) and the like); the forward pass itself uses
// the biased variance. Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per
// thread).
// Check and race: npx chexgpu doctor --kernel batchnorm.prepareTraining

alias Real = f32;

const WORKGROUP: u32 = 64;

// Channels, known channels, stride and offset are counted in Reals.
struct Params {
  channels: u32,
  known: u32,
  slices: u32,
  pixels: u32,
  pixelsPerSlice: u32,
  statsStride: u32,
  statsOffset: u32,
  epsilon: f32,
  rate: f32,
  varianceFactor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<Real>;          // [slice][mean | squares][c - known]
@group(0) @binding(2) var<storage, read> gammaBeta: array<Real>;      // [gamma | beta][c]
@group(0) @binding(3) var<storage, read_write> stats: array<Real>;    // [mean | variance][c]
@group(0) @binding(4) var<storage, read_write> moving: array<Real>;   // [mean | variance][c]
@group(0) @binding(5) var<storage, read_write> affine: array<Real>;   // [scale | shift][c]

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
    mean = Real(0.0);
    var squares = Real(0.0);
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
