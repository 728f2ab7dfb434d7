// Convolution, gradient with respect to the weights, one thread per weight, looping over all pixels.
//
//   dw[ky,kx,ci,co] = sum over b,oy,ox of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * dy[b,oy,ox,co]
//   act: the same prologue as in forward.naive.wgsl, recomputed, so that no normalised map is stored.
//
// Variants, from naive (this, any shape) to fast: BACKWARD_WEIGHTS in backwardWeights.ts. All others split the pixels
// into slices whose partial sums reduce/slices.naive.wgsl adds in a fixed order (no float atomics, so the same bits
// each time).
// Check and race: npx chexgpu doctor --kernel conv.backwardWeights

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  inHeight: u32,
  inWidth: u32,
  inChannels: u32,
  outHeight: u32,
  outWidth: u32,
  outChannels: u32,
  xPixelStride: u32,
  xOffset: u32,
  dyPixelStride: u32,
  dyOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> affine: array<f32>;       // [scale | shift][ci]
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;     // [ky,kx,ci,co]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let co = i % params.outChannels;
  let ci = (i / params.outChannels) % params.inChannels;
  let tap = i / (params.outChannels * params.inChannels);
  if (tap >= KERNEL * KERNEL) { return; }

  var sum = 0.0;
  for (var b = 0u; b < params.batch; b++) {
    for (var oy = 0u; oy < params.outHeight; oy++) {
      let iy = oy * STRIDE + tap / KERNEL - PAD;
      if (iy >= params.inHeight) { continue; }
      for (var ox = 0u; ox < params.outWidth; ox++) {
        let ix = ox * STRIDE + tap % KERNEL - PAD;
        if (ix >= params.inWidth) { continue; }
        var v = x[((b * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset + ci];
        if (PROLOGUE) { v = relu(v * affine[ci] + affine[params.inChannels + ci]); }
        let pixel = (b * params.outHeight + oy) * params.outWidth + ox;
        sum += v * dy[pixel * params.dyPixelStride + params.dyOffset + co];
      }
    }
  }
  dw[i] = sum;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
