// Rotation, shifts, shear, zoom and flips of each image, one thread per output element.
//
//   (i',j') = (h-1-i or i, w-1-j or j)                             the first where the image is flipped
//   (r,s)   = (a i' + b j' + c, d i' + e j' + f)                   brought back by `mode` where it is outside
//   y[b,i,j,c] = the four pixels about (r,s), weighted by nearness (order 1), or the nearest one (order 0)
//
// keras-preprocessing's `apply_affine_transform` on SciPy's `affine_transform`, which count in float64. Here in whole
// numbers, so that every adapter takes the same pixels: the matrix has 48 bits behind the point (changeTable.ts), r and
// s have 32, and so has the mean of the four, which is rounded once to a float. mode: 0 nearest, 1 constant (cval),
// 2 reflect (period 2n), 3 wrap (period n-1).
// Variants: naive (this, any shape). Four pixels of a row per thread, the matrix multiplied once, took 4.4 ms instead
// of 7.9 for 4 images of 320 px on lavapipe, 79 instead of 64 on SwiftShader (2026-11-27, busy cores): not kept.
// Check and race: npx chexgpu doctor --kernel augment.move

const CHANNELS: u32 = 1;
const TABLE: u32 = 20;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, height: u32, width: u32, mode: u32, order: u32, cval: f32 }

struct Fixed { hi: u32, lo: u32 }                        // 64 bits, two's complement
struct Place { whole: i32, part: u32, outside: bool }    // whole + part / 2^32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;   // bytes four to a word, the first in the lowest bits
@group(0) @binding(2) var<storage, read> table: array<u32>;    // [b,TABLE]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn add(a: Fixed, b: Fixed) -> Fixed {
  let lo = a.lo + b.lo;
  return Fixed(a.hi + b.hi + select(0u, 1u, lo < a.lo), lo);
}

fn subtract(a: Fixed, b: Fixed) -> Fixed {
  return Fixed(a.hi - b.hi - select(0u, 1u, a.lo < b.lo), a.lo - b.lo);
}

// All 64 bits of x * y.
fn wide(x: u32, y: u32) -> Fixed {
  let low = (x & 0xffffu) * (y & 0xffffu);
  let left = (x >> 16u) * (y & 0xffffu);
  let right = (x & 0xffffu) * (y >> 16u);
  let middle = (low >> 16u) + (left & 0xffffu) + (right & 0xffffu);
  let high = (x >> 16u) * (y >> 16u) + (left >> 16u) + (right >> 16u) + (middle >> 16u);
  return Fixed(high, (middle << 16u) | (low & 0xffffu));
}

fn times(a: Fixed, n: u32) -> Fixed {
  let low = wide(a.lo, n);
  return Fixed(low.hi + a.hi * n, low.lo);
}

fn coefficient(b: u32, k: u32) -> Fixed {
  return Fixed(table[b * TABLE + 2u * k], table[b * TABLE + 2u * k + 1u]);
}

// -x - 1 + period
fn mirrored(p: Place, period: i32) -> Place {
  if (p.part == 0u) { return Place(period - p.whole - 1, 0u, false); }
  return Place(period - p.whole - 2, 0u - p.part, false);
}

// The coordinate, rounded to 32 bits behind the point, brought back into 0..n-1 as SciPy does it.
fn place(at: Fixed, n: i32) -> Place {
  let rounded = add(at, Fixed(0u, 0x8000u));
  let p = Place(bitcast<i32>(rounded.hi) >> 16u, (rounded.hi << 16u) | (rounded.lo >> 16u), false);
  if (p.whole >= 0 && (p.whole < n - 1 || (p.whole == n - 1 && p.part == 0u))) { return p; }
  let below = p.whole < 0;
  if (params.mode == 1u) { return Place(0, 0u, true); }
  if (params.mode == 0u) { return Place(select(n - 1, 0, below), 0u, false); }
  if (n <= 1) { return Place(0, 0u, false); }
  // Whole pixels below 0.
  let distance = select(-p.whole - 1, -p.whole, p.part == 0u);
  if (params.mode == 3u) {
    let period = n - 1;
    return Place(select(p.whole % period, p.whole + period * (distance / period + 1), below), p.part, false);
  }
  let period = 2 * n;
  if (!below) {
    let once = p.whole % period;
    if (once >= n) { return mirrored(Place(once, p.part, false), period); }
    return Place(once, p.part, false);
  }
  let once = p.whole + select(0, period * (distance / period), p.whole < -period);
  if (once < -n) { return Place(once + period, p.part, false); }
  return mirrored(Place(once, p.part, false), 0);
}

fn byteAt(i: u32) -> u32 {
  return (pixels[i / 4u] >> (8u * (i % 4u))) & 255u;
}

// From p to q by f / 2^32: 8 bits before the point, 32 behind it, exact.
fn between(p: u32, q: u32, f: u32) -> Fixed {
  let step = wide(max(p, q) - min(p, q), f);
  if (q >= p) { return add(Fixed(p, 0u), step); }
  return subtract(Fixed(p, 0u), step);
}

// The same of such numbers, cut after 32 bits.
fn betweenRows(p: Fixed, q: Fixed, f: u32) -> Fixed {
  let rises = q.hi > p.hi || (q.hi == p.hi && q.lo >= p.lo);
  var d = subtract(p, q);
  if (rises) { d = subtract(q, p); }
  let step = add(wide(d.hi, f), Fixed(0u, wide(d.lo, f).hi));
  if (rises) { return add(p, step); }
  return subtract(p, step);
}

// To the nearest float, halves to even, in whole numbers: a conversion by itself may round either way.
fn nearestFloat(v: Fixed) -> f32 {
  if ((v.hi | v.lo) == 0u) { return 0.0; }
  var shift = countLeadingZeros(v.hi);
  var digits = v.lo;
  if (v.hi == 0u) {
    shift += countLeadingZeros(v.lo);
    digits <<= shift - 32u;
  } else {
    digits = (v.hi << shift) | (v.lo >> (32u - shift)) | select(0u, 1u, (v.lo << shift) != 0u);
  }
  // 24 of 32 digits stay.
  let rounded = (digits >> 8u) + select(0u, 1u, (digits & 255u) + ((digits >> 8u) & 1u) > 128u);
  return f32(rounded) * bitcast<f32>((135u - shift) << 23u);
}

// Channel c of image b about (row, column).
fn sampled(b: u32, c: u32, row: Place, column: Place) -> f32 {
  if (row.outside || column.outside) { return params.cval; }
  let bottom = i32(params.height) - 1;
  let right = i32(params.width) - 1;
  let image = b * params.height;
  if (params.order == 0u) {
    let i = u32(clamp(row.whole + i32(row.part >> 31u), 0, bottom));
    let j = u32(clamp(column.whole + i32(column.part >> 31u), 0, right));
    return f32(byteAt(((image + i) * params.width + j) * CHANNELS + c));
  }
  let upper = (image + u32(clamp(row.whole, 0, bottom))) * params.width;
  let lower = (image + u32(clamp(row.whole + 1, 0, bottom))) * params.width;
  let first = u32(clamp(column.whole, 0, right));
  let second = u32(clamp(column.whole + 1, 0, right));
  let above = between(byteAt((upper + first) * CHANNELS + c), byteAt((upper + second) * CHANNELS + c), column.part);
  let under = between(byteAt((lower + first) * CHANNELS + c), byteAt((lower + second) * CHANNELS + c), column.part);
  return nearestFloat(betweenRows(above, under, row.part));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP;
  let pixel = at / CHANNELS;
  let b = pixel / (params.width * params.height);
  if (b >= params.batch) { return; }
  let flags = table[b * TABLE + 12u];
  var j = pixel % params.width;
  var i = (pixel / params.width) % params.height;
  if ((flags & 2u) != 0u) { j = params.width - 1u - j; }
  if ((flags & 4u) != 0u) { i = params.height - 1u - i; }
  let row = add(add(times(coefficient(b, 0u), i), times(coefficient(b, 1u), j)), coefficient(b, 2u));
  let column = add(add(times(coefficient(b, 3u), i), times(coefficient(b, 4u), j)), coefficient(b, 5u));
  y[at] = sampled(b, at % CHANNELS, place(row, i32(params.height)), place(column, i32(params.width)));
}
