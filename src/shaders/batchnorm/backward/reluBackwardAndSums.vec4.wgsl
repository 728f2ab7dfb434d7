// Batch norm + ReLU, backward, first half: four channels a thread over one slice of the pixels; all counts of
// channels, strides and offsets are vec4s here. Formula, modes and windows: reluBackwardAndSums.naive.wgsl. No barrier.
// Needs channels, strides and offsets that are multiples of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.reluBackwardAndSums

const RELU: bool = true;
const POOLED: bool = false;
const MODE: u32 = 0;
const WORKGROUP: u32 = 8;

struct Params {
  pixels: u32, channels: u32, xPixelStride: u32, xOffset: u32, daPixelStride: u32, daOffset: u32,
  dxPixelStride: u32, dxOffset: u32, statsStride: u32, statsOffset: u32, epsilon: f32, pixelsPerSlice: u32, slices: u32,
  height: u32, width: u32, windowHeight: u32, windowWidth: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> da: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;         // [scale | shift][c]
@group(0) @binding(4) var<storage, read> stats: array<vec4f>;          // [mean | variance][c]
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> parts: array<vec4f>;    // [slice][dgamma | dbeta][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let slice = i / params.channels;
  if (slice >= params.slices) { return; }
  let mean = stats[params.statsOffset + c];
  let inverse = 1.0 / sqrt(stats[params.statsStride + params.statsOffset + c] + params.epsilon);
  let scale = affine[c];
  let shift = affine[params.channels + c];
  let share = 1.0 / f32(params.windowHeight * params.windowWidth);
  var dbeta = vec4f(0.0);
  var dgamma = vec4f(0.0);
  let last = min((slice + 1u) * params.pixelsPerSlice, params.pixels);
  for (var p = slice * params.pixelsPerSlice; p < last; p++) {
    var source = p;
    if (POOLED) {
      let row = p / params.width;
      source = (row / params.windowHeight) * (params.width / params.windowWidth) + p % params.width / params.windowWidth;
    }
    let v = x[p * params.xPixelStride + params.xOffset + c];
    var dz = select(vec4f(0.0), da[source * params.daPixelStride + params.daOffset + c], vec4<bool>(!RELU) | (v * scale + shift > vec4f(0.0)));
    if (POOLED) { dz *= share; }
    dbeta += dz;
    dgamma += dz * (v - mean) * inverse;
    let at = p * params.dxPixelStride + params.dxOffset + c;
    if (MODE == 0u) { dx[at] = dz; } else if (MODE == 1u) { dx[at] = scale * dz; } else { dx[at] += scale * dz; }
  }
  parts[slice * 2u * params.channels + c] = dgamma;
  parts[(slice * 2u + 1u) * params.channels + c] = dbeta;
}
