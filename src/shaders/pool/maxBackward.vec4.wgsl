// Max pooling, backward, four channels a thread. Formula: maxBackward.naive.wgsl.
//
// Visits only the windows that cover the pixel. Needs channels that are multiples of four.
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
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> argmax: array<vec4u>;      // [b,oh,ow,c/4], dense
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

// First window along one side that covers this position, counted from the edge of the padding.
fn firstWindow(position: u32) -> u32 {
  return select((position - KERNEL) / STRIDE + 1u, 0u, position < KERNEL);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let channels4 = params.channels / 4u;
  let c = i % channels4;
  let pixel = i / channels4;
  let ix = pixel % params.width;
  let iy = (pixel / params.width) % params.height;
  let b = pixel / (params.width * params.height);
  if (b >= params.batch) { return; }

  var sum = vec4f(0.0);
  let top = iy + PAD;
  let left = ix + PAD;
  for (var oy = firstWindow(top); oy <= min(top / STRIDE, params.outHeight - 1u); oy++) {
    for (var ox = firstWindow(left); ox <= min(left / STRIDE, params.outWidth - 1u); ox++) {
      let window = (b * params.outHeight + oy) * params.outWidth + ox;
      let tap = (top - oy * STRIDE) * KERNEL + left - ox * STRIDE;
      let won = argmax[window * channels4 + c] == vec4u(tap);
      sum += select(vec4f(0.0), dy[(window * params.dyPixelStride + params.dyOffset) / 4u + c], won);
    }
  }
  dx[(pixel * params.dxPixelStride + params.dxOffset) / 4u + c] = sum;
}
