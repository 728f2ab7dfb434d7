// Average pooling, forward, four channels a thread. Formula: averageForward.naive.wgsl.
//
// Needs channels that are multiples of four.
// Check and race: npx chexgpu doctor --kernel pool.averageForward

const KERNEL: u32 = 2;
const STRIDE: u32 = 2;
const PAD: u32 = 0;
const PROLOGUE: bool = false;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32, height: u32, width: u32, channels: u32, outHeight: u32, outWidth: u32,
  xPixelStride: u32, xOffset: u32, yPixelStride: u32, yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;  // [scale | shift][c/4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

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

  var sum = vec4f(0.0);
  var count = 0.0;
  // KERNEL * KERNEL in a form that is not unrolled: nine copies of the body take lavapipe 0.4 s to compile.
  for (var tap = 0u; tap < KERNEL * min(KERNEL, params.outWidth * KERNEL); tap++) {
    let iy = oy * STRIDE + tap / KERNEL - PAD;
    let ix = ox * STRIDE + tap % KERNEL - PAD;
    if (iy >= params.height || ix >= params.width) { continue; }
    var v = x[(((b * params.height + iy) * params.width + ix) * params.xPixelStride + params.xOffset) / 4u + c];
    if (PROLOGUE) { v = relu(v * affine[c] + affine[channels4 + c]); }
    sum += v;
    count += 1.0;
  }
  y[(pixel * params.yPixelStride + params.yOffset) / 4u + c] = sum / count;
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
