// Max pooling, forward, four channels a thread. Formula, padding and meaning of PROLOGUE: maxForward.naive.wgsl.
//
// One vec4 load a tap; comparisons and positions are kept a lane. Needs channels that are multiples of four.
// Check and race: npx chexgpu doctor --kernel pool.maxForward

const KERNEL: u32 = 3;
const STRIDE: u32 = 2;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  xPixelStride: u32, xOffset: u32, yPixelStride: u32, yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;         // [scale | shift][c/4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> argmax: array<vec4u>;   // [b,oh,ow,c/4], dense

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let channels4 = params.channels / 4u;
  let c = i % channels4;
  let pixel = i / channels4;
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let b = pixel / (params.outWidth * params.outHeight);
  if (b >= params.batch) { return; }

  var scale = vec4f(1.0);
  var shift = vec4f(0.0);
  if (PROLOGUE) { scale = affine[c]; shift = affine[channels4 + c]; }
  var best = vec4f(0.0);
  var first = vec4u(0u);
  // KERNEL * KERNEL in a form that is not unrolled: nine copies of the body take lavapipe 0.4 s to compile.
  for (var tap = 0u; tap < KERNEL * min(KERNEL, params.outWidth * KERNEL); tap++) {
    let iy = oy * STRIDE + tap / KERNEL - PAD;
    let ix = ox * STRIDE + tap % KERNEL - PAD;
    var v = vec4f(0.0);
    if (iy < params.height && ix < params.width) {
      v = x[(((b * params.height + iy) * params.width + ix) * params.xPixelStride + params.xOffset) / 4u + c];
      if (PROLOGUE) { v = relu(v * scale + shift); }
    }
    let better = (v > best) | (v != v) | vec4<bool>(tap == 0u);
    best = select(best, v, better);
    first = select(first, vec4u(tap), better);
  }
  y[(pixel * params.yPixelStride + params.yOffset) / 4u + c] = best;
  argmax[i] = first;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
