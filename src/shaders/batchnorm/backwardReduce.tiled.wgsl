// Batch norm + ReLU, backward, first half: four channels a thread over one slice of the pixels; the slices
// are added in order by reduce.slices. Formula: backwardReduce.naive.wgsl. No barrier.
// Needs channels, strides and offsets that are multiples of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.backwardReduce

const RELU: bool = true;
const WORKGROUP: u32 = 8;

struct Params {
  pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, daPixelStride: u32, daOffset: u32,
  statsStride: u32, statsOffset: u32, epsilon: f32, pixelsPerSlice: u32, slices: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> da: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;              // [scale | shift][c/4]
@group(0) @binding(4) var<storage, read> stats: array<vec4f>;               // [mean | variance][c/4]
@group(0) @binding(5) var<storage, read_write> dgammaBeta: array<vec4f>;    // [slice][dgamma | dbeta][c/4]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c4 = params.channels / 4u;
  let c = id.x % c4;
  let slice = id.x / c4;
  if (slice >= params.slices) { return; }
  let mean = stats[params.statsOffset / 4u + c];
  let inverse = 1.0 / sqrt(stats[(params.statsStride + params.statsOffset) / 4u + c] + params.epsilon);
  let scale = affine[c];
  let shift = affine[c4 + c];
  let xBase = params.xOffset / 4u + c;
  let daBase = params.daOffset / 4u + c;

  var dbeta = vec4f(0.0);
  var dgamma = vec4f(0.0);
  let last = min((slice + 1u) * params.pixelsPerSlice, params.pixels);
  for (var p = slice * params.pixelsPerSlice; p < last; p++) {
    let v = x[xBase + p * params.xPixelStride / 4u];
    let open = vec4<bool>(!RELU) | (v * scale + shift > vec4f(0.0));
    let dz = select(vec4f(0.0), da[daBase + p * params.daPixelStride / 4u], open);
    dbeta += dz;
    dgamma += dz * (v - mean) * inverse;
  }
  dgammaBeta[slice * 2u * c4 + c] = dgamma;
  dgammaBeta[slice * 2u * c4 + c4 + c] = dbeta;
}
