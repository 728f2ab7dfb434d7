// Average pooling, backward, one thread per input element: it gathers from each window that covers it.
//
//   dx[b,h,w,c] = sum over ky,kx of  dy[b,oy,ox,c] / count(oy,ox)  where oy*STRIDE+ky-PAD = h, ox*STRIDE+kx-PAD = w
//   count(oy,ox) = taps of that window inside the image
//
// Variants: naive (this, any shape) -> vec4 (this text with Real = vec4f: four channels per thread).
// Check and race: npx chexgpu doctor --kernel pool.averageBackward

alias Real = f32;

const KERNEL: u32 = 2;
const STRIDE: u32 = 2;
const PAD: u32 = 0;
const WORKGROUP: u32 = 64;

// Channels, strides and offsets are counted in Reals.
struct Params {
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
  outHeight: u32,
  outWidth: u32,
  dyPixelStride: u32,
  dyOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Real>;
@group(0) @binding(2) var<storage, read_write> dx: array<Real>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let pixel = i / params.channels;
  let ix = pixel % params.width;
  let iy = (pixel / params.width) % params.height;
  let b = pixel / (params.width * params.height);
  if (b >= params.batch) { return; }

  let top = iy + PAD;
  let left = ix + PAD;
  let lastRow = min(top / STRIDE, params.outHeight - 1u);
  let lastColumn = min(left / STRIDE, params.outWidth - 1u);
  var sum = Real(0.0);
  for (var oy = firstWindow(top); oy <= lastRow; oy++) {
    for (var ox = firstWindow(left); ox <= lastColumn; ox++) {
      let window = (b * params.outHeight + oy) * params.outWidth + ox;
      let count = f32(inside(oy, params.height) * inside(ox, params.width));
      sum += dy[window * params.dyPixelStride + params.dyOffset + c] / count;
    }
  }
  dx[pixel * params.dxPixelStride + params.dxOffset + c] = sum;
}

// Positions of window o along one side that lie inside the image; counted from the edge of the padding.
fn inside(o: u32, side: u32) -> u32 {
  return min(o * STRIDE + KERNEL, side + PAD) - max(o * STRIDE, PAD);
}

// First window along one side that covers this position, counted from the edge of the padding.
fn firstWindow(position: u32) -> u32 {
  return select((position - KERNEL) / STRIDE + 1u, 0u, position < KERNEL);
}
