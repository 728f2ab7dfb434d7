// Bilinear resize by OpenCV's INTER_LINEAR rule, one thread per output element.
//
//   along each side: f = (o + 0.5)*in/out - 0.5,  s = floor(f),  f = f - s
//   s < 0: s = 0, f = 0      s >= in-1: s = in-1, f = 0            (half-pixel centres, edges repeated)
//   y[b,oy,ox,c] = lerp( lerp(x[sy,sx], x[sy,sx+1], fx), lerp(x[sy+1,sx], x[sy+1,sx+1], fx), fy )
//
// s and f come from whole numbers, ((2o+1)*in - out) / (2*out), so that f is right to the last bit.
// Check and race: npx chexgpu doctor --kernel resize.bilinear

const WORKGROUP: u32 = 64;

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
  outHeight: u32,
  outWidth: u32,
  xPixelStride: u32,
  xOffset: u32,
  yPixelStride: u32,
  yOffset: u32,
}

struct Source { low: u32, high: u32, fraction: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn source(o: u32, side: u32, outSide: u32) -> Source {
  let numerator = i32((2u * o + 1u) * side) - i32(outSide);
  if (numerator < 0) { return Source(0u, 0u, 0.0); }
  let low = u32(numerator) / (2u * outSide);
  if (low >= side - 1u) { return Source(side - 1u, side - 1u, 0.0); }
  return Source(low, low + 1u, f32(u32(numerator) % (2u * outSide)) / f32(2u * outSide));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let c = i % params.channels;
  let pixel = i / params.channels;
  let ox = pixel % params.outWidth;
  let oy = (pixel / params.outWidth) % params.outHeight;
  let b = pixel / (params.outWidth * params.outHeight);
  if (b >= params.batch) { return; }

  let row = source(oy, params.height, params.outHeight);
  let column = source(ox, params.width, params.outWidth);
  let above = (b * params.height + row.low) * params.width;
  let below = (b * params.height + row.high) * params.width;
  let at = params.xOffset + c;
  let top = mix(
    x[(above + column.low) * params.xPixelStride + at],
    x[(above + column.high) * params.xPixelStride + at],
    column.fraction,
  );
  let bottom = mix(
    x[(below + column.low) * params.xPixelStride + at],
    x[(below + column.high) * params.xPixelStride + at],
    column.fraction,
  );
  y[pixel * params.yPixelStride + params.yOffset + c] = mix(top, bottom, row.fraction);
}
