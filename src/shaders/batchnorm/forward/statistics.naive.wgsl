// Batch norm, statistics of a batch, one thread per channel and slice of the pixels.
//
//   mean[s,c] = sum over p of x[p,c] / n        squares[s,c] = sum over p of (x[p,c] - mean[s,c])^2
//   p runs over the n pixels of slice s
//
// Two passes: E[x^2] - E[x]^2 loses its digits in f32 where the mean is large. prepareTraining joins the slices.
// Variants: naive (this, any channels) -> vec4 (this text with Real = vec4f: four channels per thread); convolutions
// that know their output's statistics on the way (conv/forward/forward.subgroup.wgsl) need neither.
// Check and race: npx chexgpu doctor --kernel batchnorm.statistics

alias Real = f32;

const WORKGROUP: u32 = 8;

// Channels, stride and offset are counted in Reals.
struct Params {
  pixels: u32,
  channels: u32,
  xPixelStride: u32,
  xOffset: u32,
  pixelsPerSlice: u32,
  slices: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Real>;
@group(0) @binding(2) var<storage, read_write> parts: array<Real>;  // [slice][mean | squares][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x % params.channels;
  let slice = id.x / params.channels;
  if (slice >= params.slices) { return; }
  let first = slice * params.pixelsPerSlice;
  let last = min(first + params.pixelsPerSlice, params.pixels);

  var sum = Real(0.0);
  for (var p = first; p < last; p++) { sum += x[p * params.xPixelStride + params.xOffset + c]; }
  let mean = sum / f32(last - first);

  var squares = Real(0.0);
  for (var p = first; p < last; p++) {
    let d = x[p * params.xPixelStride + params.xOffset + c] - mean;
    squares += d * d;
  }
  parts[slice * 2u * params.channels + c] = mean;
  parts[(slice * 2u + 1u) * params.channels + c] = squares;
}
