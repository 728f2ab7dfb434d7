// Convolution, gradient with respect to the input: register tile of PIXELS pixels by 16 input channels a
// thread, weights shared in the subgroup. Formula: backwardData.naive.wgsl. No barrier.
//
// Lane l (modulo four) loads the weights of input channels l, l+4, l+8, l+12 of the tile; they are handed
// round by subgroupBroadcast from lanes 0..3, so any subgroup of four or more works.
// Needs channels that are multiples of 16 in and 4 out.
// Check and race: npx chexgpu doctor --kernel conv.backwardData
enable subgroups;

const KERNEL: u32 = 3;
const PAD: u32 = 1;
const WORKGROUP: u32 = 32;
const PIXELS: u32 = 4;

struct Params {
  batch: u32, height: u32, width: u32, inChannels: u32, outChannels: u32,
  dyPixelStride: u32, dyOffset: u32, dxPixelStride: u32, dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let pixelCount = params.batch * params.height * params.width;
  let first = id.x * PIXELS;
  let column = group.y * 4u;
  let out4 = params.outChannels / 4u;

  var row: array<u32, PIXELS>;
  var left: array<u32, PIXELS>;
  var image: array<u32, PIXELS>;
  for (var i = 0u; i < PIXELS; i++) {
    let pixel = min(first + i, pixelCount - 1u);
    left[i] = pixel % params.width;
    row[i] = (pixel / params.width) % params.height;
    image[i] = pixel / (params.width * params.height);
  }
  var sum: array<mat4x4f, PIXELS>;

  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
    var source: array<u32, PIXELS>;
    var inside: array<bool, PIXELS>;
    for (var i = 0u; i < PIXELS; i++) {
      let oy = row[i] + PAD - tap / KERNEL;
      let ox = left[i] + PAD - tap % KERNEL;
      let valid = oy < params.height && ox < params.width;
      let at = ((image[i] * params.height + oy) * params.width + ox) * params.dyPixelStride + params.dyOffset;
      source[i] = select(0u, at / 4u, valid);
      inside[i] = valid;
    }
    for (var c = 0u; c < out4; c++) {
      var v: array<vec4f, PIXELS>;
      for (var i = 0u; i < PIXELS; i++) {
        v[i] = dy[source[i] + c];
        if (PAD > 0u) { v[i] = select(vec4f(0.0), v[i], inside[i]); }
      }
      // Column r of matrix j belongs to input channel 4*(column + j) + r: v * matrix sums over co.
      let base = (tap * params.inChannels + column * 4u + (lane & 3u)) * out4 + c;
      let m0 = share(weights[base]);
      let m1 = share(weights[base + 4u * out4]);
      let m2 = share(weights[base + 8u * out4]);
      let m3 = share(weights[base + 12u * out4]);
      for (var i = 0u; i < PIXELS; i++) { sum[i] += mat4x4f(v[i] * m0, v[i] * m1, v[i] * m2, v[i] * m3); }
    }
  }
  for (var i = 0u; i < PIXELS; i++) {
    if (first + i < pixelCount) {
      let target0 = ((first + i) * params.dxPixelStride + params.dxOffset) / 4u + column;
      for (var r = 0u; r < 4u; r++) { dx[target0 + r] = sum[i][r]; }
    }
  }
}

// The vec4s of lanes 0..3, for every lane.
fn share(w: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(w, 0u), subgroupBroadcast(w, 1u), subgroupBroadcast(w, 2u), subgroupBroadcast(w, 3u));
}
