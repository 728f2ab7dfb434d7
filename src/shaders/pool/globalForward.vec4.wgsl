// Global average pooling, forward, four channels a thread. Formula and meaning of PROLOGUE: globalForward.naive.wgsl.
//
// Needs channels that are multiples of four.
// Check and race: npx chexgpu doctor --kernel pool.globalForward

const PROLOGUE: bool = true;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, positions: u32, channels: u32, xPixelStride: u32, xOffset: u32, yPixelStride: u32, yOffset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;   // [scale | shift][c/4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let channels4 = params.channels / 4u;
  let c = i % channels4;
  let b = i / channels4;
  if (b >= params.batch) { return; }

  var scale = vec4f(1.0);
  var shift = vec4f(0.0);
  if (PROLOGUE) { scale = affine[c]; shift = affine[channels4 + c]; }
  var sum = vec4f(0.0);
  for (var position = 0u; position < params.positions; position++) {
    var v = x[((b * params.positions + position) * params.xPixelStride + params.xOffset) / 4u + c];
    if (PROLOGUE) { v = relu(v * scale + shift); }
    sum += v;
  }
  y[(b * params.yPixelStride + params.yOffset) / 4u + c] = sum / f32(params.positions);
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
