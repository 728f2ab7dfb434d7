// Convolution, forward: register tile of PIXELS pixels by 16 output channels a thread, weights shared.
// Formula and meaning of PROLOGUE: forward.naive.wgsl. No barrier, no workgroup memory.
//
// All lanes of a subgroup want the same weights. Each lane loads one of four rows (its lane number
// modulo four) and the rows are handed round by subgroupBroadcast from lanes 0..3, so any subgroup of
// four or more works, whatever its size. On software Vulkan a load is eight scalar loads, also at a
// uniform address, which is what makes this several times faster there (2026-11-22, lavapipe 25.0.7).
// Needs channels that are multiples of 4 in and 16 out.
// Check and race: npx chexgpu doctor --kernel conv.forward
enable subgroups;

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const WORKGROUP: u32 = 32;
const PIXELS: u32 = 4;

struct Params {
  batch: u32, inHeight: u32, inWidth: u32, inChannels: u32,
  outHeight: u32, outWidth: u32, outChannels: u32,
  xPixelStride: u32, xOffset: u32, yPixelStride: u32, yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;   // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let pixelCount = params.batch * params.outHeight * params.outWidth;
  let first = id.x * PIXELS;
  let column = group.y * 4u;
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;

  var top: array<u32, PIXELS>;
  var left: array<u32, PIXELS>;
  var image: array<u32, PIXELS>;
  for (var i = 0u; i < PIXELS; i++) {
    let pixel = min(first + i, pixelCount - 1u);
    left[i] = (pixel % params.outWidth) * STRIDE - PAD;
    top[i] = ((pixel / params.outWidth) % params.outHeight) * STRIDE - PAD;
    image[i] = pixel / (params.outWidth * params.outHeight);
  }
  var sum: array<mat4x4f, PIXELS>;

  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
    let ky = tap / KERNEL;
    let kx = tap % KERNEL;
    var source: array<u32, PIXELS>;
    var inside: array<bool, PIXELS>;
    for (var i = 0u; i < PIXELS; i++) {
      let iy = top[i] + ky;
      let ix = left[i] + kx;
      let valid = iy < params.inHeight && ix < params.inWidth;
      let at = ((image[i] * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
      source[i] = select(0u, at / 4u, valid);
      inside[i] = valid;
    }
    for (var c = 0u; c < in4; c++) {
      // This lane's row of the 4x16 block of weights.
      let row = (tap * params.inChannels + c * 4u + (lane & 3u)) * out4 + column;
      let w = array<vec4f, 4>(weights[row], weights[row + 1u], weights[row + 2u], weights[row + 3u]);
      let w0 = mat4x4f(subgroupBroadcast(w[0], 0u), subgroupBroadcast(w[1], 0u), subgroupBroadcast(w[2], 0u), subgroupBroadcast(w[3], 0u));
      let w1 = mat4x4f(subgroupBroadcast(w[0], 1u), subgroupBroadcast(w[1], 1u), subgroupBroadcast(w[2], 1u), subgroupBroadcast(w[3], 1u));
      let w2 = mat4x4f(subgroupBroadcast(w[0], 2u), subgroupBroadcast(w[1], 2u), subgroupBroadcast(w[2], 2u), subgroupBroadcast(w[3], 2u));
      let w3 = mat4x4f(subgroupBroadcast(w[0], 3u), subgroupBroadcast(w[1], 3u), subgroupBroadcast(w[2], 3u), subgroupBroadcast(w[3], 3u));
      for (var i = 0u; i < PIXELS; i++) {
        var v = x[source[i] + c];
        if (PROLOGUE) { v = relu(v * affine[c] + affine[in4 + c]); }
        if (PAD > 0u) { v = select(vec4f(0.0), v, inside[i]); }
        sum[i] += v.x * w0 + v.y * w1 + v.z * w2 + v.w * w3;
      }
    }
  }
  for (var i = 0u; i < PIXELS; i++) {
    if (first + i < pixelCount) {
      let target0 = ((first + i) * params.yPixelStride + params.yOffset) / 4u + column;
      for (var o = 0u; o < 4u; o++) { y[target0 + o] = sum[i][o]; }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
