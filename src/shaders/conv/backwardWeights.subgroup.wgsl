// Convolution, gradient with respect to the weights: register tile of 4 input channels of one tap by 16
// output channels a thread, dy shared in the subgroup. Formula: backwardWeights.naive.wgsl; slices as in
// backwardWeights.tiled.wgsl. No barrier, no atomics.
//
// Lanes hold different input channels or taps and all want the same 16 floats of dy: lane l (modulo four)
// loads one vec4 of them, handed round by subgroupBroadcast from lanes 0..3 (any subgroup of four or more).
// Two loads and 64 multiply-adds a pixel. Needs channels that are multiples of 4 in and 16 out.
// Check and race: npx chexgpu doctor --kernel conv.backwardWeights
enable subgroups;

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const WORKGROUP: u32 = 32;

struct Params {
  batch: u32, inHeight: u32, inWidth: u32, inChannels: u32,
  outHeight: u32, outWidth: u32, outChannels: u32,
  xPixelStride: u32, xOffset: u32, dyPixelStride: u32, dyOffset: u32,
  rowsPerSlice: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;     // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;   // [slice,ky,kx,ci,co/4]

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;
  let rows = KERNEL * KERNEL * in4;
  let mine = min(id.x, rows - 1u);
  let c = mine % in4;
  let ky = mine / in4 / KERNEL;
  let kx = mine / in4 % KERNEL;
  let column = group.y * 4u;
  let slice = group.z;

  var scale = vec4f(1.0);
  var shift = vec4f(0.0);
  if (PROLOGUE) { scale = affine[c]; shift = affine[in4 + c]; }
  var sum0: mat4x4f;
  var sum1: mat4x4f;
  var sum2: mat4x4f;
  var sum3: mat4x4f;

  let last = min((slice + 1u) * params.rowsPerSlice, params.batch * params.outHeight);
  for (var row = slice * params.rowsPerSlice; row < last; row++) {
    let iy = (row % params.outHeight) * STRIDE + ky - PAD;
    let image = row / params.outHeight;
    for (var ox = 0u; ox < params.outWidth; ox++) {
      let ix = ox * STRIDE + kx - PAD;
      let valid = iy < params.inHeight && ix < params.inWidth;
      let at = ((image * params.inHeight + iy) * params.inWidth + ix) * params.xPixelStride + params.xOffset;
      var v = x[select(0u, at / 4u + c, valid)];
      if (PROLOGUE) { v = relu(v * scale + shift); }
      if (PAD > 0u) { v = select(vec4f(0.0), v, valid); }
      let source = ((row * params.outWidth + ox) * params.dyPixelStride + params.dyOffset) / 4u;
      let own = dy[source + column + (lane & 3u)];
      let g = mat4x4f(
        subgroupBroadcast(own, 0u), subgroupBroadcast(own, 1u),
        subgroupBroadcast(own, 2u), subgroupBroadcast(own, 3u));
      sum0 += v.x * g;
      sum1 += v.y * g;
      sum2 += v.z * g;
      sum3 += v.w * g;
    }
  }
  if (id.x >= rows) { return; }
  let target0 = (slice * rows + mine) * 4u * out4 + column;
  for (var o = 0u; o < 4u; o++) {
    dw[target0 + o] = sum0[o];
    dw[target0 + out4 + o] = sum1[o];
    dw[target0 + 2u * out4 + o] = sum2[o];
    dw[target0 + 3u * out4 + o] = sum3[o];
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
