// Batch norm, inference: affine from the moving averages, four channels a thread; `channels` counts
// vec4s here. Formula: prepareInference.naive.wgsl. Needs channels that are a multiple of four.
// Check and race: npx chexgpu doctor --kernel batchnorm.prepareInference

const WORKGROUP: u32 = 64;

struct Params { channels: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> moving: array<vec4f>;        // [mean | variance][c]
@group(0) @binding(2) var<storage, read> gammaBeta: array<vec4f>;     // [gamma | beta][c]
@group(0) @binding(3) var<storage, read_write> affine: array<vec4f>;  // [scale | shift][c]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let count = params.channels;
  if (c >= count) { return; }
  let scale = gammaBeta[c] / sqrt(moving[count + c] + params.epsilon);
  affine[c] = scale;
  affine[count + c] = gammaBeta[count + c] - moving[c] * scale;
}
