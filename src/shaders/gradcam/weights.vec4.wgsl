// Grad-CAM, importance of four channels a thread. Formula and meaning of SIGMOID: weights.naive.wgsl.
//
// Needs channels that are multiples of four.
// Check and race: npx chexgpu doctor --kernel gradcam.weights

const SIGMOID: bool = true;
const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  positions: u32,
  channels: u32,
  classes: u32,
  xPixelStride: u32,
  xOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;          // [scale | shift][k/4]
@group(0) @binding(3) var<storage, read> weights: array<f32>;           // [k,class]
@group(0) @binding(4) var<storage, read> p: array<f32>;                 // [b,class]
@group(0) @binding(5) var<storage, read> selection: array<u32>;         // [1], the class
@group(0) @binding(6) var<storage, read_write> alpha: array<vec4f>;     // [b,k/4]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let channels4 = params.channels / 4u;
  let k = i % channels4;
  let b = i / channels4;
  if (b >= params.batch) { return; }

  let scale = affine[k];
  let shift = affine[channels4 + k];
  var positive = vec4u(0u);
  for (var position = 0u; position < params.positions; position++) {
    let v = x[((b * params.positions + position) * params.xPixelStride + params.xOffset) / 4u + k];
    positive += select(vec4u(0u), vec4u(1u), v * scale + shift > vec4f(0.0));
  }
  let chosen = selection[0];
  var s = 1.0;
  if (SIGMOID) {
    let probability = p[b * params.classes + chosen];
    s = probability * (1.0 - probability);
  }
  let row = k * 4u * params.classes + chosen;
  let w = vec4f(
    weights[row],
    weights[row + params.classes],
    weights[row + 2u * params.classes],
    weights[row + 3u * params.classes],
  );
  let n = f32(params.positions);
  alpha[i] = s * w * (vec4f(positive) / n) / n;
}
