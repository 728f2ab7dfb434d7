// Pixels to network input, four pixels per thread: one word (gray) or three (RGB) in, one vec4 (OUT = 1) or three out.
// Formula: normalise.naive.wgsl.
//
// Needs a dense x and images whose pixels are a multiple of four.
// Check and race: npx chexgpu doctor --kernel preprocess.normalise

const CHANNELS: u32 = 3;
const OUT: u32 = 3;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, positions: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> moments: array<f32>;      // [b, mean | 1/(std+epsilon)]
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;

fn unpack(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let b = i * 4u / params.positions;
  if (b >= params.batch) { return; }
  let at = b * 6u;
  let mean = vec3f(moments[at], moments[at + 1u], moments[at + 2u]);
  let inverse = vec3f(moments[at + 3u], moments[at + 4u], moments[at + 5u]);
  if (OUT == 1u) {
    x[i] = (unpack(pixels[i]) - mean.x) * inverse.x;
    return;
  }
  // Twelve floats of four pixels: channels 0120 1201 2012.
  var v: array<vec4f, 3>;
  if (CHANNELS == 1u) {
    let gray = unpack(pixels[i]);
    v = array(gray.xxxy, gray.yyzz, gray.zwww);
  } else {
    v = array(unpack(pixels[i * 3u]), unpack(pixels[i * 3u + 1u]), unpack(pixels[i * 3u + 2u]));
  }
  x[i * 3u] = (v[0] - mean.xyzx) * inverse.xyzx;
  x[i * 3u + 1u] = (v[1] - mean.yzxy) * inverse.yzxy;
  x[i * 3u + 2u] = (v[2] - mean.zxyz) * inverse.zxyz;
}
