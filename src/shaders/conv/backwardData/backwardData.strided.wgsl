// Convolution of a stride above 1, gradient with respect to the input: a register tile of PIXELS pixels by IN input
// channels per thread. No barrier, no workgroup memory.
//
//   dx[b,iy,ix,ci] = sum over ky,kx,co of  dy[b, (iy+PAD-ky)/STRIDE, (ix+PAD-kx)/STRIDE, co] * weights[ky,kx,ci,co]
//
// Only every STRIDE-th tap meets a pixel of dy, and it is the same taps for pixels that lie STRIDE apart: a thread
// takes PIXELS such pixels of a row, whose dy lie side by side, and visits no tap in vain. The sum over co is a dot
// product of two vec4s. Needs channels of dy that are multiples of four; dx may have any.
//
// Variants, from naive to fast: BACKWARD_DATA in backwardData.ts.
// Check and race: npx chexgpu doctor --kernel conv.backwardData

const KERNEL: u32 = 7;
const PAD: u32 = 3;
const STRIDE: u32 = 2;
const WORKGROUP: u32 = 64;
const PIXELS: u32 = 4;
const IN: u32 = 3;

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
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let run = id.x + id.y * groups.x * WORKGROUP;
  let out4 = params.outChannels / 4u;
  let outHeight = (params.height + 2u * PAD - KERNEL) / STRIDE + 1u;
  let outWidth = (params.width + 2u * PAD - KERNEL) / STRIDE + 1u;
  let runs = (params.width + STRIDE * PIXELS - 1u) / (STRIDE * PIXELS);   // of a row, from each of its first pixels
  let row = run / (runs * STRIDE);
  let iy = row % params.height;
  let b = row / params.height;
  let left = (run % runs) * PIXELS * STRIDE + (run / runs) % STRIDE;
  let column = id.z * IN;
  if (b >= params.batch) { return; }

  /*registers*/ var sum: array<f32, PIXELS * IN>;   // [pixel][ci]

  for (var ky = (iy + PAD) % STRIDE; ky < KERNEL; ky += STRIDE) {
    let oy = (iy + PAD - ky) / STRIDE;   // below 0 it wraps around
    if (oy >= outHeight) { continue; }
    for (var kx = (left + PAD) % STRIDE; kx < KERNEL; kx += STRIDE) {
      let first = (i32(left + PAD) - i32(kx)) / i32(STRIDE);   // whole, and maybe below 0
      /*registers*/ var source: array<u32, PIXELS>;
      /*registers*/ var inside: array<bool, PIXELS>;
      /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
        let ox = u32(first + i32(i));
        let valid = ox < outWidth;
        let at = ((b * outHeight + oy) * outWidth + ox) * params.dyPixelStride + params.dyOffset;
        source[i] = select(0u, at / 4u, valid);
        inside[i] = valid;
      }
      for (var c = 0u; c < out4; c++) {
        // v: four output channels of each pixel.
        /*registers*/ var v: array<vec4f, PIXELS>;
        /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
          v[i] = select(vec4f(0.0), dy[source[i] + c], inside[i]);
        }
        /*unroll*/ for (var r = 0u; r < IN; r++) {
          let ci = min(column + r, params.inChannels - 1u);
          let w = weights[((ky * KERNEL + kx) * params.inChannels + ci) * out4 + c];
          /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
            sum[i * IN + r] += dot(v[i], w);
          }
        }
      }
    }
  }
  /*unroll*/ for (var i = 0u; i < PIXELS; i++) {
    let ix = left + i * STRIDE;
    /*unroll*/ for (var r = 0u; r < IN; r++) {
      if (ix < params.width && column + r < params.inChannels) {
        let pixel = row * params.width + ix;
        dx[pixel * params.dxPixelStride + params.dxOffset + column + r] = sum[i * IN + r];
      }
    }
  }
}
