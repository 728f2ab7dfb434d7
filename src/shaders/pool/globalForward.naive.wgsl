// Global average pooling, forward, one thread an output element.
//
//   y[b,c] = mean over h,w of  act(x[b,h,w,c])
//   act(v) = max(0, scale[c]*v + shift[c]) with PROLOGUE (batch norm and ReLU of the layer before), else v
//
// Variants: naive (this, any shape) -> vec4 (four channels a thread).
// Check and race: npx chexgpu doctor --kernel pool.globalForward

const PROLOGUE: bool = true;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, positions: u32, channels: u32, xPixelStride: u32, xOffset: u32, yPixelStride: u32, yOffset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;   // [scale | shift][c]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let b = i / params.channels;
  if (b >= params.batch) { return; }

  var sum = 0.0;
  for (var position = 0u; position < params.positions; position++) {
    var v = x[(b * params.positions + position) * params.xPixelStride + params.xOffset + c];
    if (PROLOGUE) { v = relu(v * affine[c] + affine[params.channels + c]); }
    sum += v;
  }
  y[b * params.yPixelStride + params.yOffset + c] = sum / f32(params.positions);
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
