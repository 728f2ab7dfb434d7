// Convolution, gradient with respect to the input, one thread per input element.
//
//   dx[b,iy,ix,ci] = sum over ky,kx,co of  dy[b, (iy+PAD-ky)/STRIDE, (ix+PAD-kx)/STRIDE, co] * weights[ky,kx,ci,co]
//
// over the taps whose quotients are whole and lie in dy. A training step needs stride 1 alone; the stem's 7x7/2 reads
// the image, whose gradient only `inspect` asks for.
//
// dx is the gradient of what the convolution saw, after any prologue: batchnorm.reluBackwardAndSums takes it on.
// Variants, from naive (this, any channels) to fast: BACKWARD_DATA in backwardData.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardData

const KERNEL: u32 = 3;
const PAD: u32 = 1;
const STRIDE: u32 = 1;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
  dyPixelStride: u32,
  dyOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;  // [ky,kx,ci,co]
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let ci = i % params.inChannels;
  let pixel = i / params.inChannels;
  let ix = pixel % params.width;
  let iy = (pixel / params.width) % params.height;
  let b = pixel / (params.width * params.height);
  if (b >= params.batch) { return; }

  let outHeight = (params.height + 2u * PAD - KERNEL) / STRIDE + 1u;
  let outWidth = (params.width + 2u * PAD - KERNEL) / STRIDE + 1u;
  var sum = 0.0;
  for (var ky = 0u; ky < KERNEL; ky++) {
    for (var kx = 0u; kx < KERNEL; kx++) {
      // Below 0 they wrap around, and lie behind the last row or column.
      let down = iy + PAD - ky;
      let right = ix + PAD - kx;
      if (down % STRIDE != 0u || right % STRIDE != 0u) { continue; }
      let oy = down / STRIDE;
      let ox = right / STRIDE;
      if (oy >= outHeight || ox >= outWidth) { continue; }
      let source = ((b * outHeight + oy) * outWidth + ox) * params.dyPixelStride + params.dyOffset;
      let row = ((ky * KERNEL + kx) * params.inChannels + ci) * params.outChannels;
      for (var co = 0u; co < params.outChannels; co++) {
        sum += dy[source + co] * weights[row + co];
      }
    }
  }
  dx[pixel * params.dxPixelStride + params.dxOffset + ci] = sum;
}
