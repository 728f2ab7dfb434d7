// Convolution, gradient with respect to the weights, through workgroup memory, for GPUs with fast workgroup memory and
// barriers.
//
//   dw[ky,kx,ci,co] = sum over b,oy,ox of  act(x[b, oy*STRIDE+ky-PAD, ox*STRIDE+kx-PAD, ci]) * dy[b,oy,ox,co]
//   act: PROLOGUE of backwardWeights.naive.wgsl; layers as in backwardWeights.subgroup.wgsl
//
// Tile, steps, constants and what they have to satisfy: forward.workgroup.wgsl, with TILE_M input channels of one tap,
// TILE_N output channels and TILE_K pixels in a step. ROWS is a multiple of four.
// Each pixel of a step adds an outer product: a thread reads ROWS/4 vec4s of x and COLUMNS4 of dy for
// 4*ROWS*COLUMNS4 multiply-adds. A slice is params.pixelsPerSlice pixels and writes its own partial sums, which
// reduce/slices.naive.wgsl adds in a fixed order; they are one f32 each, so the host keeps slices short.
// Needs channels that are multiples of four on both sides.
//
// Variants, from naive to fast: BACKWARD_WEIGHTS in backwardWeights.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardWeights

const KERNEL: u32 = 3;
const STRIDE: u32 = 1;
const PAD: u32 = 1;
const PROLOGUE: bool = true;
const WORKGROUP: u32 = 128;
const TILE_M: u32 = 128;
const TILE_N: u32 = 32;
const TILE_K: u32 = 16;
const ROWS: u32 = 8;
const COLUMNS4: u32 = 1;
const M4: u32 = TILE_M / 4;
const N4: u32 = TILE_N / 4;
const R4: u32 = ROWS / 4;
const DOWN: u32 = TILE_M / ROWS;
const ACROSS: u32 = N4 / COLUMNS4;
const XS: u32 = TILE_K * M4 / WORKGROUP;   // vec4s of x that one thread lays out per step
const YS: u32 = TILE_K * N4 / WORKGROUP;   // and of dy

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
  dyPixelStride: u32,
  dyOffset: u32,
  pixelsPerSlice: u32,
  slices: u32,
  sliceDw: u32,
  layerX: u32,
  layerDy: u32,
  layerAffine: u32,
  layerDw: u32,
  layerGrowth: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;          // [b,h,w,ci/4]
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;         // [b,oh,ow,co/4]
@group(0) @binding(3) var<storage, read> affine: array<vec4f>;     // [scale | shift][ci/4]
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;   // [slice,layer,ky,kx,ci,co/4]
var<workgroup> xs: array<vec4f, TILE_K * M4>;   // [pixel][ci/4]
var<workgroup> ys: array<vec4f, TILE_K * N4>;   // [pixel][co/4]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;
  let tiles = (in4 + M4 - 1u) / M4;
  let tap = group.x / tiles;
  let corner = vec2u(tap % KERNEL - PAD, tap / KERNEL - PAD);   // may be below 0, so wrapped
  let rows = group.x % tiles * M4;
  let columns = group.y * N4;
  let slice = group.z % params.slices;
  let layer = group.z / params.slices;
  let xStart = params.xOffset + layer * params.layerX;
  let dyStart = params.dyOffset + layer * params.layerDy;
  let tx = thread % ACROSS;
  let ty = thread / ACROSS;

  // The four input channels that this thread lays out, always the same, and their prologue.
  let c = rows + thread % M4;
  var scale = vec4f(1.0);
  var shift = vec4f(0.0);
  if (PROLOGUE) {
    let norm = layer * params.layerAffine / 4u + min(c, in4 - 1u);
    scale = affine[norm];
    shift = affine[in4 + norm];
  }

  // What this thread lays out for the next step.
  /*registers*/ var inside: array<bool, XS>;
  /*registers*/ var nextX: array<vec4f, XS>;
  /*registers*/ var nextY: array<vec4f, YS>;

  /*registers*/ var sum: array<vec4f, ROWS * COLUMNS4>;   // [ci][co/4]
  let begin = slice * params.pixelsPerSlice;
  let last = min(begin + params.pixelsPerSlice, params.batch * params.outHeight * params.outWidth);
  let steps = (last - begin + TILE_K - 1u) / TILE_K;

  // Column, line and image of the next output pixels that this thread lays out the inputs of.
  let size = vec2u(params.outWidth, params.outHeight);
  /*registers*/ var spot: array<vec3u, XS>;
  /*unroll*/ for (var j = 0u; j < XS; j++) {
    let p = begin + (thread + j * WORKGROUP) / M4;
    spot[j] = vec3u(p % size.x, p / size.x % size.y, p / size.x / size.y);
  }
  for (var step = 0u; step <= steps; step++) {
    // What was loaded in the turn before goes into workgroup memory.
    if (step > 0u) {
      workgroupBarrier();
      /*unroll*/ for (var j = 0u; j < XS; j++) {
        var v = nextX[j];
        if (PROLOGUE) { v = relu(v * scale + shift); }
        xs[thread + j * WORKGROUP] = select(vec4f(0.0), v, inside[j]);
      }
      /*unroll*/ for (var j = 0u; j < YS; j++) { ys[thread + j * WORKGROUP] = nextY[j]; }
      workgroupBarrier();
    }

    // The loads for the next step are under way while this one is multiplied.
    if (step < steps) {
      let p0 = begin + step * TILE_K;
      /*unroll*/ for (var j = 0u; j < XS; j++) {
        let p = p0 + (thread + j * WORKGROUP) / M4;
        var pixel = p;
        inside[j] = p < last && c < in4;
        if (KERNEL > 1u || STRIDE > 1u) {
          let place = spot[j].xy * STRIDE + corner;
          inside[j] = inside[j] && all(place < vec2u(params.inWidth, params.inHeight));
          pixel = (spot[j].z * params.inHeight + place.y) * params.inWidth + place.x;
          // TILE_K pixels on, over the ends of lines and images.
          spot[j].x += TILE_K;
          while (spot[j].x >= size.x) {
            spot[j].x -= size.x;
            spot[j].y++;
          }
          while (spot[j].y >= size.y) {
            spot[j].y -= size.y;
            spot[j].z++;
          }
        }
        nextX[j] = x[select(0u, (pixel * params.xPixelStride + xStart) / 4u + c, inside[j])];
      }
      /*unroll*/ for (var j = 0u; j < YS; j++) {
        let p = p0 + (thread + j * WORKGROUP) / N4;
        let n = columns + (thread + j * WORKGROUP) % N4;
        let real = p < last && n < out4;
        let at = (p * params.dyPixelStride + dyStart) / 4u + n;
        nextY[j] = select(vec4f(0.0), dy[select(0u, at, real)], real);
      }
    }

    // sum[ci][co/4] += xs[pixel][ci] * ys[pixel][co/4], pixel by pixel.
    if (step > 0u) {
      for (var k = 0u; k < TILE_K; k++) {
        /*registers*/ var v: array<vec4f, R4>;
        /*unroll*/ for (var i = 0u; i < R4; i++) { v[i] = xs[k * M4 + i * DOWN + ty]; }
        /*unroll*/ for (var o = 0u; o < COLUMNS4; o++) {
          let g = ys[k * N4 + o * ACROSS + tx];
          /*unroll*/ for (var r = 0u; r < ROWS; r++) { sum[r * COLUMNS4 + o] += v[r / 4][r % 4] * g; }
        }
      }
    }
  }

  let pairs = layer * (layer - min(layer, 1u)) / 2u;
  let place = slice * params.sliceDw + layer * params.layerDw + pairs * params.layerGrowth;
  /*unroll*/ for (var r = 0u; r < ROWS; r++) {
    /*unroll*/ for (var o = 0u; o < COLUMNS4; o++) {
      let m = rows + r / 4u * DOWN + ty;
      let n = columns + o * ACROSS + tx;
      if (m < in4 && n < out4) {
        dw[place / 4u + (tap * params.inChannels + m * 4u + r % 4u) * out4 + n] = sum[r * COLUMNS4 + o];
      }
    }
  }
}

// Keeps NaN, which max() may turn into 0: an overflow has to reach the loss, where it is noticed.
fn relu(v: vec4f) -> vec4f { return select(v, vec4f(0.0), v < vec4f(0.0)); }
