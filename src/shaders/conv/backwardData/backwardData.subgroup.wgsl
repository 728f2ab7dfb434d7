// Convolution, gradient with respect to the input: a register tile of PIXELS pixels by 4*OUT4 input channels per
// thread, weights shared in the subgroup. No barrier, no workgroup memory.
//
//   dx[b,iy,ix,ci] = sum over ky,kx,co of  dy[b, iy+PAD-ky, ix+PAD-kx, co] * weights[ky,kx,ci,co]
//   NORM: goes on through the ReLU and the first half of the batch norm that the convolution read through, as
//   batchnorm/backward/reluBackwardAndSums.naive.wgsl (x, MODE, parts there; a workgroup, one subgroup of LANES lanes,
//   is a slice)
//
// A step is four output channels of one tap: the 4*OUT4 vec4s of weights[ci][co..co+3] are loaded once per subgroup,
// each lane some of them, and handed round; LANES is at most the size of a subgroup. What decides the size of the tile:
// forward.subgroup.wgsl. Needs channels that are multiples of 4 out and 4*OUT4 in (OUT4 counts columns of the result).
//
// Variants, from naive to fast: BACKWARD_DATA in backwardData.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardData
enable subgroups;

const KERNEL: u32 = 3;
const PAD: u32 = 1;
const NORM: bool = false;
const MODE: u32 = 0;
const WORKGROUP: u32 = 4;
const LANES: u32 = 4;
const PIXELS: u32 = 8;
const OUT4: u32 = 8;
const SHARE: u32 = 4 * OUT4 / LANES;   // vec4s of the weights of a step that one lane loads

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
  dyPixelStride: u32,
  dyOffset: u32,
  dxPixelStride: u32,
  dxOffset: u32,
  xPixelStride: u32,
  xOffset: u32,
  statsStride: u32,
  statsOffset: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read> affine: array<vec4f>;         // [scale | shift][ci/4]
@group(0) @binding(5) var<storage, read> stats: array<vec4f>;          // [mean | variance][ci/4]
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;    // [workgroup][dgamma | dbeta][ci/4]

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let pixelCount = params.batch * params.height * params.width;
  let first = id.x * PIXELS;
  let column = group.y * OUT4;
  let out4 = params.outChannels / 4u;

  // Place of each pixel of the tile, PAD further on.
  /*registers*/ var top: array<u32, PIXELS>;
  /*registers*/ var left: array<u32, PIXELS>;
  /*registers*/ var image: array<u32, PIXELS>;   // the first row of its image
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    let pixel = min(first + i, pixelCount - 1u);
    left[i] = pixel % params.width + PAD;
    top[i] = (pixel / params.width) % params.height + PAD;
    image[i] = pixel / (params.width * params.height) * params.height;
  }
  // This lane's input channels of the tile: number lane, lane + LANES, ... of 4*OUT4.
  /*registers*/ var mine: array<u32, SHARE>;
  /*unroll*/ for (var j = 0u; j < SHARE; j++) {
    mine[j] = (4u * column + lane % LANES + j * LANES) * out4;
  }
  /*registers*/ var sum: array<vec4f, PIXELS * OUT4>;   // [pixel][ci/4]

  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
    // The pixel of dy under this tap, for each pixel of the tile; 0 for those outside the image.
    /*registers*/ var source: array<u32, PIXELS>;
    /*registers*/ var inside: array<bool, PIXELS>;
    /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
      let oy = top[i] - tap / KERNEL;
      let ox = left[i] - tap % KERNEL;
      inside[i] = oy < params.height && ox < params.width;
      let at = ((image[i] + oy) * params.width + ox) * params.dyPixelStride + params.dyOffset;
      source[i] = select(0u, at / 4u, inside[i]);
    }
    let base = tap * params.inChannels * out4;
    for (var c = 0u; c < out4; c++) {
      // share: this lane's part of weights[tap, 4*column..4*(column+OUT4)-1, 4c..4c+3].
      /*registers*/ var share: array<vec4f, SHARE>;
      /*unroll*/ for (var j = 0u; j < SHARE; j++) { share[j] = weights[base + mine[j] + c]; }
      // v: four output channels of each pixel.
      /*registers*/ var v: array<vec4f, PIXELS>;
      /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
        v[i] = dy[source[i] + c];
        if (PAD > 0u) { v[i] = select(vec4f(0.0), v[i], inside[i]); }
      }
      /*unroll*/ for (var o = 0u; o < OUT4; o++) {
        // w0 to w3: these output channels of four input channels; turned round, w: four input channels of one.
        let w0 = subgroupShuffle(share[(4 * o) / LANES], (4 * o) % LANES);
        let w1 = subgroupShuffle(share[(4 * o + 1) / LANES], (4 * o + 1) % LANES);
        let w2 = subgroupShuffle(share[(4 * o + 2) / LANES], (4 * o + 2) % LANES);
        let w3 = subgroupShuffle(share[(4 * o + 3) / LANES], (4 * o + 3) % LANES);
        /*unroll*/ for (var k = 0u; k < 4u; k++) {
          let w = vec4f(w0[k], w1[k], w2[k], w3[k]);
          /*unroll*/ for (var i = 0u; i < PIXELS; i++) { sum[i * OUT4 + o] += v[i][k] * w; }
        }
      }
    }
  }

  // From registers to memory: what follows is done once per tile, and loops keep the compiler's work small.
  var tile: array<vec4f, PIXELS * OUT4>;
  /*unroll*/ for (var s = 0u; s < PIXELS * OUT4; s++) { tile[s] = sum[s]; }
  let count = min(pixelCount - min(first, pixelCount), PIXELS);

  let in4 = params.inChannels / 4u;
  for (var o = 0u; o < OUT4; o++) {
    let c = column + o;
    var scale = vec4f(1.0);
    var shift = vec4f(0.0);
    var mean = vec4f(0.0);
    var inverse = vec4f(1.0);
    if (NORM) {
      scale = affine[c];
      shift = affine[in4 + c];
      mean = stats[params.statsOffset / 4u + c];
      inverse = 1.0 / sqrt(stats[(params.statsStride + params.statsOffset) / 4u + c] + params.epsilon);
    }
    var dgamma = vec4f(0.0);
    var dbeta = vec4f(0.0);
    for (var i = 0u; i < count; i++) {
      var dz = tile[i * OUT4 + o];
      if (NORM) {
        let v = x[((first + i) * params.xPixelStride + params.xOffset) / 4u + c];
        dz = select(vec4f(0.0), dz, v * scale + shift > vec4f(0.0));
        dbeta += dz;
        dgamma += dz * (v - mean) * inverse;
      }
      let at = ((first + i) * params.dxPixelStride + params.dxOffset) / 4u + c;
      if (MODE == 0u) {
        dx[at] = dz;
      } else if (MODE == 1u) {
        dx[at] = scale * dz;
      } else {
        dx[at] += scale * dz;
      }
    }
    if (NORM) {
      dgamma = subgroupAdd(dgamma);
      dbeta = subgroupAdd(dbeta);
      let at = group.x * 2u * in4 + c;
      if (lane == 0u) {
        parts[at] = dgamma;
        parts[at + in4] = dbeta;
      }
    }
  }
}
