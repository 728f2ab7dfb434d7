// Convolution, forward, on the matrix units of a GPU (tensor cores): f16 products, f32 sums.
//
//   y[b,oy,ox,co] = sum over ky,kx,ci of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * weights[ky,kx,ci,co]
//   act: PROLOGUE of forward.naive.wgsl; EPILOGUE as in forward.subgroup.wgsl
//
// GEMM, tiles and steps are those of forward.workgroup.wgsl, but x, after its prologue in f32, and the weights are laid
// out as f16, and each of SUBGROUPS_M by SUBGROUPS_N subgroups multiplies its share of the tile as MATS_M by MATS_N
// matrices: MATRIX_M pixels by MATRIX_N output channels, MATRIX_K input channels at a time.
// Which thread holds which sum of a matrix only the driver knows, so they go through workgroup memory to threads that
// know: at the end, and with HALF_SUM, for adapters that add up in f16, after every step, lest those sums become long.
// Sizes of a matrix and of a subgroup are the adapter's; the syntax is engine/wgsl/subgroupMatrix.ts's business.
// Needs channels that are multiples of four.
//
// Variants, from naive to fast: FORWARD in forward.ts.
// Check and race: npx chexgpu doctor --kernel conv.forward
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const EPILOGUE: bool = false;
const HALF_SUM: bool = false;
const MATRIX_M: u32 = 16;
const MATRIX_N: u32 = 16;
const MATRIX_K: u32 = 16;
const SUBGROUP: u32 = 32;
const SUBGROUPS_M: u32 = 4;
const SUBGROUPS_N: u32 = 1;
const TILE_M: u32 = 64;
const TILE_N: u32 = 32;
const TILE_K: u32 = 32;
const WORKGROUP: u32 = SUBGROUP * SUBGROUPS_M * SUBGROUPS_N;
const MATS_M: u32 = TILE_M / SUBGROUPS_M / MATRIX_M;
const MATS_N: u32 = TILE_N / SUBGROUPS_N / MATRIX_N;
const MATS: u32 = MATS_M * MATS_N;                       // matrices of sums per subgroup
const TIMES: u32 = MATRIX_M * MATRIX_N / 4 / SUBGROUP;   // vec4s of a matrix that one thread takes up
const K4: u32 = TILE_K / 4;
const N4: u32 = TILE_N / 4;
const XS: u32 = TILE_M * K4 / WORKGROUP;   // vec4s of x that one thread lays out per step
const WS: u32 = TILE_K * N4 / WORKGROUP;   // and of the weights
const X_ROW: u32 = TILE_K + 8;             // 16 bytes more than a power of two, so that rows begin in different banks
const W_ROW: u32 = TILE_N + 8;

alias Result = f32;
alias Left = subgroup_matrix_left<f16, MATRIX_K, MATRIX_M>;
alias Right = subgroup_matrix_right<f16, MATRIX_N, MATRIX_K>;
alias Sums = subgroup_matrix_result<Result, MATRIX_N, MATRIX_M>;

struct Params {
  batch: u32,
  inHeight: u32,
  inWidth: u32,
  inChannels: u32,
  outHeight: u32,
  outWidth: u32,
  outChannels: u32,
  xPixelStride: u32,
  xOffset: u32,
  yPixelStride: u32,
  yOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // [b,h,w,ci/4]
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;    // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;     // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read> after: array<vec4f>;      // [scale | shift][co/4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;    // [b,oh,ow,co/4]
var<workgroup> xs: array<f16, TILE_M * X_ROW>;   // [pixel][ci]
var<workgroup> ws: array<f16, TILE_K * W_ROW>;   // [ci][co]
var<workgroup> scratch: array<Result, SUBGROUPS_M * SUBGROUPS_N * MATRIX_M * MATRIX_N>;   // a matrix per subgroup

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let pixelCount = params.batch * params.outHeight * params.outWidth;
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;
  // Where this subgroup's share of the tile begins.
  let rows = subgroup / SUBGROUPS_N * MATS_M * MATRIX_M;
  let columns = subgroup % SUBGROUPS_N * MATS_N * MATRIX_N;

  // Of the pixels that this thread lays out: x and y of the window's corner in the input (may be below 0, so wrapped),
  // and the image.
  /*registers*/ var corner: array<vec3u, XS>;
  /*unroll*/ for (var j = 0u; j < XS; j++) {
    let pixel = min(group.x * TILE_M + (thread + j * WORKGROUP) / K4, pixelCount - 1u);
    let row = pixel / params.outWidth;
    let left = pixel % params.outWidth * STRIDE - PAD;
    let top = row % params.outHeight * STRIDE - PAD;
    corner[j] = vec3u(left, top, row / params.outHeight);
  }

  // What this thread lays out for the next step.
  /*registers*/ var nextX: array<vec4f, XS>;
  /*registers*/ var nextW: array<vec4f, WS>;
  /*registers*/ var inside: array<bool, XS>;
  var scale = vec4f(1.0);
  var shift = vec4f(0.0);

  /*registers*/ var acc: array<Sums, MATS>;             // of the subgroup, [pixels / MATRIX_M][co / MATRIX_N]
  /*registers*/ var sum: array<vec4f, MATS * TIMES>;    // of this thread
  let chunks = (in4 + K4 - 1u) / K4;
  let steps = KERNEL * KERNEL * chunks;
  for (var step = 0u; step <= steps; step++) {
    // What was loaded in the turn before goes into workgroup memory.
    if (step > 0u) {
      workgroupBarrier();
      /*unroll*/ for (var j = 0u; j < XS; j++) {
        let v = select(nextX[j], relu(nextX[j] * scale + shift), PROLOGUE);
        let h = vec4h(select(vec4f(0.0), v, inside[j]));
        let at = (thread + j * WORKGROUP) / K4 * X_ROW + thread % K4 * 4u;
        xs[at] = h.x;
        xs[at + 1u] = h.y;
        xs[at + 2u] = h.z;
        xs[at + 3u] = h.w;
      }
      /*unroll*/ for (var j = 0u; j < WS; j++) {
        let h = vec4h(nextW[j]);
        let at = (thread + j * WORKGROUP) / N4 * W_ROW + (thread + j * WORKGROUP) % N4 * 4u;
        ws[at] = h.x;
        ws[at + 1u] = h.y;
        ws[at + 2u] = h.z;
        ws[at + 3u] = h.w;
      }
      workgroupBarrier();
    }

    // The loads for the next step are under way while this one is multiplied.
    if (step < steps) {
      let tap = step / chunks;
      let c = step % chunks * K4;
      let channel = min(c + thread % K4, in4 - 1u);
      if (PROLOGUE) {
        scale = affine[channel];
        shift = affine[in4 + channel];
      }
      /*unroll*/ for (var j = 0u; j < XS; j++) {
        let place = corner[j].xy + vec2u(tap % KERNEL, tap / KERNEL);
        inside[j] = all(place < vec2u(params.inWidth, params.inHeight)) && c + thread % K4 < in4;
        let pixel = (corner[j].z * params.inHeight + place.y) * params.inWidth + place.x;
        nextX[j] = x[select(0u, (pixel * params.xPixelStride + params.xOffset) / 4u + channel, inside[j])];
      }
      /*unroll*/ for (var j = 0u; j < WS; j++) {
        let row = c * 4u + (thread + j * WORKGROUP) / N4;
        let n = group.y * N4 + (thread + j * WORKGROUP) % N4;
        let real = row < params.inChannels && n < out4;
        let at = (tap * params.inChannels + row) * out4 + n;
        nextW[j] = select(vec4f(0.0), weights[select(0u, at, real)], real);
      }
    }

    // acc += xs[pixels, k..] * ws[k.., channels], one matrix of each after the other.
    for (var k = 0u; step > 0u && k < TILE_K; k += MATRIX_K) {
      /*registers*/ var right: array<Right, MATS_N>;
      /*unroll*/ for (var j = 0u; j < MATS_N; j++) {
        right[j] = subgroupMatrixLoad<Right, row_major>(&ws, k * W_ROW + columns + j * MATRIX_N, W_ROW);
      }
      /*unroll*/ for (var i = 0u; i < MATS_M; i++) {
        let left = subgroupMatrixLoad<Left, row_major>(&xs, (rows + i * MATRIX_M) * X_ROW + k, X_ROW);
        /*unroll*/ for (var j = 0u; j < MATS_N; j++) {
          acc[i * MATS_N + j] = subgroupMatrixMultiplyAccumulate(left, right[j], acc[i * MATS_N + j]);
        }
      }
    }

    // From matrices to threads: vec4 number t * SUBGROUP + lane of each matrix is this thread's.
    if (step == steps || (HALF_SUM && step > 0u)) {
      let own = subgroup * MATRIX_M * MATRIX_N;
      /*unroll*/ for (var m = 0u; m < MATS; m++) {
        workgroupBarrier();
        subgroupMatrixStore<row_major>(&scratch, own, acc[m], MATRIX_N);
        acc[m] = Sums();
        workgroupBarrier();
        /*unroll*/ for (var t = 0u; t < 4u * TIMES; t++) {
          sum[m * TIMES + t / 4u][t % 4u] += f32(scratch[own + (t / 4u * SUBGROUP + lane) * 4u + t % 4u]);
        }
      }
    }
  }

  /*unroll*/ for (var s = 0u; s < MATS * TIMES; s++) {
    let e = s % TIMES * SUBGROUP + lane;   // which vec4 of its matrix
    let matrixRow = s / TIMES / MATS_N;
    let matrixColumn = s / TIMES % MATS_N;
    let p = group.x * TILE_M + rows + matrixRow * MATRIX_M + e / (MATRIX_N / 4u);
    let n = group.y * N4 + (columns + matrixColumn * MATRIX_N) / 4u + e % (MATRIX_N / 4u);
    if (p < pixelCount && n < out4) {
      var value = sum[s];
      if (EPILOGUE) { value = relu(value * after[n] + after[out4 + n]); }
      y[(p * params.yPixelStride + params.yOffset) / 4u + n] = value;
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
