// Batch norm, statistics of a batch: four channels a thread over one slice of the pixels, two passes within the
// slice. Formula: statistics.naive.wgsl. No barrier.
// Needs channels, stride and offset that are multiples of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.statistics

const WORKGROUP: u32 = 8;

struct Params { pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, pixelsPerSlice: u32, slices: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parts: array<vec4f>;  // [slice][mean | squares][c/4]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c4 = params.channels / 4u;
  let c = id.x % c4;
  let slice = id.x / c4;
  if (slice >= params.slices) { return; }
  let first = slice * params.pixelsPerSlice;
  let last = min(first + params.pixelsPerSlice, params.pixels);
  let stride = params.xPixelStride / 4u;
  let base = params.xOffset / 4u + c;

  var sum = vec4f(0.0);
  for (var p = first; p < last; p++) { sum += x[base + p * stride]; }
  let mean = sum / f32(last - first);
  var squares = vec4f(0.0);
  for (var p = first; p < last; p++) {
    let d = x[base + p * stride] - mean;
    squares += d * d;
  }
  parts[slice * 2u * c4 + c] = mean;
  parts[slice * 2u * c4 + c4 + c] = squares;
}
