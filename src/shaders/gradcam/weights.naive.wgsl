// Grad-CAM, importance of each channel of the final batch norm for one class, one thread per channel.
//
//   A[b,h,w,k] = scale[k]*x + shift[k]                    output of the final batch norm, before its ReLU
//   f[b,k]     = fraction of the positions h,w with A > 0
//   alpha[b,k] = s * weights[k,class] * f[b,k] / (height*width),   s = p*(1-p) with SIGMOID, else 1
//
// Mean over the positions of d score / d A in closed form: behind A come only ReLU, global average pooling and
// the dense layer. The score is the sigmoid's output (util.py of the course's notebook) or, without SIGMOID, the logit.
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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;          // [scale | shift][k]
@group(0) @binding(3) var<storage, read> weights: array<f32>;         // [k,class]
@group(0) @binding(4) var<storage, read> p: array<f32>;               // [b,class]
@group(0) @binding(5) var<storage, read> selection: array<u32>;       // [1], the class
@group(0) @binding(6) var<storage, read_write> alpha: array<f32>;     // [b,k]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let k = i % params.channels;
  let b = i / params.channels;
  if (b >= params.batch) { return; }

  var positive = 0u;
  for (var position = 0u; position < params.positions; position++) {
    let v = x[(b * params.positions + position) * params.xPixelStride + params.xOffset + k];
    if (v * affine[k] + affine[params.channels + k] > 0.0) { positive++; }
  }
  let chosen = selection[0];
  var s = 1.0;
  if (SIGMOID) {
    let probability = p[b * params.classes + chosen];
    s = probability * (1.0 - probability);
  }
  let n = f32(params.positions);
  alpha[i] = s * weights[k * params.classes + chosen] * (f32(positive) / n) / n;
}
