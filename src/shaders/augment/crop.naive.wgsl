// A crop of each image at the image's size, bytes to bytes, one thread per word of four bytes. Exact.
//
//   along each side: p = clamp((2o+1)*crop - side, 0, 2*side*(crop-1)),  low = p / (2*side),  w = p % (2*side)
//   y[b,i,j,c] = round( sum of x[b,low or low+1,..] * (2h - wi or wi) * (2w - wj or wj) / (4hw) )       halves up
//
// Bilinear about pixel centres, edges of the crop repeated: PyTorch's upsample_bilinear2d, as torchvision's
// RandomResizedCrop calls it. Up to 4,194,304 pixels per image all of it fits a u32. Bytes four to a word, the first in
// the lowest bits; an image may begin in the middle of a word. table: changeTable.ts.
// Check and race: npx chexgpu doctor --kernel augment.crop

const CHANNELS: u32 = 1;
const TABLE: u32 = 20;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, height: u32, width: u32 }

struct Source { low: u32, high: u32, weight: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;          // [b,TABLE]
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

fn source(o: u32, crop: u32, side: u32) -> Source {
  let p = u32(clamp(i32((2u * o + 1u) * crop) - i32(side), 0, i32(2u * side * (crop - 1u))));
  let low = p / (2u * side);
  return Source(low, min(low + 1u, crop - 1u), p % (2u * side));
}

fn byteAt(i: u32) -> u32 {
  return (x[i / 4u] >> (8u * (i % 4u))) & 255u;
}

fn cropped(at: u32) -> u32 {
  let pixel = at / CHANNELS;
  let j = pixel % params.width;
  let i = (pixel / params.width) % params.height;
  let b = pixel / (params.width * params.height);
  if (b >= params.batch) { return 0u; }
  let entry = b * TABLE + 16u;
  let row = source(i, table[entry + 2u], params.height);
  let column = source(j, table[entry + 3u], params.width);
  let first = b * params.height + table[entry];
  let upper = (first + row.low) * params.width + table[entry + 1u];
  let lower = (first + row.high) * params.width + table[entry + 1u];
  let c = at % CHANNELS;
  let beside = 2u * params.width - column.weight;
  let top = byteAt((upper + column.low) * CHANNELS + c) * beside
    + byteAt((upper + column.high) * CHANNELS + c) * column.weight;
  let bottom = byteAt((lower + column.low) * CHANNELS + c) * beside
    + byteAt((lower + column.high) * CHANNELS + c) * column.weight;
  let sum = top * (2u * params.height - row.weight) + bottom * row.weight;
  let whole = 4u * params.height * params.width;
  return (sum + whole / 2u) / whole;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i * 4u >= params.batch * params.height * params.width * CHANNELS) { return; }
  var word = 0u;
  for (var k = 0u; k < 4u; k++) { word |= cropped(i * 4u + k) << (8u * k); }
  y[i] = word;
}
