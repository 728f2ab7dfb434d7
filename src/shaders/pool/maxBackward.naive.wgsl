// Max pooling, backward, one thread an input element; windows overlap, so it gathers from each that covers it.
//
//   dx[b,h,w,c] = sum over ky,kx of  dy[b,oy,ox,c]  where oy*STRIDE+ky-PAD = h, ox*STRIDE+kx-PAD = w
//                                                   and argmax[b,oy,ox,c] = ky*KERNEL+kx
//
// The gradient is with respect to act(x) of maxForward.naive.wgsl; a window won by its padding gives nothing.
// Variants: naive (this, any shape) -> vec4 (four channels a thread).
// Check and race: npx chexgpu doctor --kernel pool.maxBackward

const KERNEL: u32 = 3;
const STRIDE: u32 = 2;
const PAD: u32 = 1;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  dyPixelStride: u32, dyOffset: u32, dxPixelStride: u32, dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> argmax: array<u32>;      // [b,oh,ow,c], dense
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let pixel = i / params.channels;
  let ix = pixel % params.width;
  let iy = (pixel / params.width) % params.height;
  let b = pixel / (params.width * params.height);
  if (b >= params.batch) { return; }

  var sum = 0.0;
  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
    // Unsigned: a window above the image wraps to a huge number and fails the comparison.
    let top = iy + PAD - tap / KERNEL;
    let left = ix + PAD - tap % KERNEL;
    let oy = top / STRIDE;
    let ox = left / STRIDE;
    if (top % STRIDE != 0u || left % STRIDE != 0u || oy >= params.outHeight || ox >= params.outWidth) { continue; }
    let window = (b * params.outHeight + oy) * params.outWidth + ox;
    if (argmax[window * params.channels + c] == tap) {
      sum += dy[window * params.dyPixelStride + params.dyOffset + c];
    }
  }
  dx[pixel * params.dxPixelStride + params.dxOffset + c] = sum;
}
