// Convolution, gradient with respect to the input: a register tile of PIXELS pixels by 4*IN4 input channels per thread.
// No barrier, no workgroup memory.
//
//   dx[b,iy,ix,ci] = sum over ky,kx,co of  dy[b, iy+PAD-ky, ix+PAD-kx, co] * weights[ky,kx,ci,co]
//
// The weights lie [ky,kx,ci,co], so the sum over co is a dot product of two vec4s per input channel.
// Needs channels that are multiples of four on both sides.
//
// Variants, from naive to fast: BACKWARD_DATA in backwardData.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardData

const KERNEL: u32 = 3;
const PAD: u32 = 1;
const WORKGROUP: u32 = 32;
const PIXELS: u32 = 4;
const IN4: u32 = 2;

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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;  // [ky,kx,ci,co/4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let pixelCount = params.batch * params.height * params.width;
  let first = id.x * PIXELS;
  let column = group.y * IN4;
  let in4 = params.inChannels / 4u;
  let out4 = params.outChannels / 4u;

  // Place of each pixel of the tile.
  /*registers*/ var row: array<u32, PIXELS>;
  /*registers*/ var left: array<u32, PIXELS>;
  /*registers*/ var image: array<u32, PIXELS>;
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    let pixel = min(first + i, pixelCount - 1u);
    left[i] = pixel % params.width;
    row[i] = (pixel / params.width) % params.height;
    image[i] = pixel / (params.width * params.height);
  }
  /*registers*/ var sum: array<vec4f, PIXELS * IN4>;   // [pixel][ci/4]

  for (var tap = 0u; tap < KERNEL * KERNEL; tap++) {
    // The pixel of dy under this tap, for each pixel of the tile; 0 for those outside the image.
    /*registers*/ var source: array<u32, PIXELS>;
    /*registers*/ var inside: array<bool, PIXELS>;
    /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
      let oy = row[i] + PAD - tap / KERNEL;
      let ox = left[i] + PAD - tap % KERNEL;
      let valid = oy < params.height && ox < params.width;
      let at = ((image[i] * params.height + oy) * params.width + ox) * params.dyPixelStride + params.dyOffset;
      source[i] = select(0u, at / 4u, valid);
      inside[i] = valid;
    }
    for (var c = 0u; c < out4; c++) {
      // v: four output channels of each pixel.
      /*registers*/ var v: array<vec4f, PIXELS>;
      /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
        v[i] = dy[source[i] + c];
        if (PAD > 0u) { v[i] = select(vec4f(0.0), v[i], inside[i]); }
      }
      /*unroll*/ for (var r = 0u; r < IN4; r++) {
        let ci = min(column + r, in4 - 1u) * 4u;
        let at = (tap * params.inChannels + ci) * out4 + c;
        // w0 to w3: these output channels of four input channels.
        let w0 = weights[at];
        let w1 = weights[at + out4];
        let w2 = weights[at + 2u * out4];
        let w3 = weights[at + 3u * out4];
        /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
          sum[i * IN4 + r] += vec4f(dot(v[i], w0), dot(v[i], w1), dot(v[i], w2), dot(v[i], w3));
        }
      }
    }
  }
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    /*unroll*/ for (var r = 0u; r < IN4; r++) {
      if (first + i < pixelCount && column + r < in4) {
        dx[((first + i) * params.dxPixelStride + params.dxOffset) / 4u + column + r] = sum[i * IN4 + r];
      }
    }
  }
}
