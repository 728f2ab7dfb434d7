// Channel shift, brightness and rescaling of each image, in place, one thread per element.
//
//   v = clamp(x + shift, low, high)                                                where the image is shifted
//   v = min(trunc(brightness * trunc((v + lift) / (high' + lift) * 255)), 255)     where it is brightened
//   x = v * rescale
//
// low, high: the image's range, low', high': the same after the shift (bounds). rules: 0 keras-preprocessing 1.1.0,
// lift = max(-low', 0); 1: 1.1.2, lift = -low'; 2: tf.keras, stretched only where it leaves 0..255, and led back to
// low'..high' then. As Keras goes through bytes, the quotient must be the float nearest to the true one: `quotient`
// divides whole numbers, since a GPU's own division may miss the last digits and 254.99998 is cut to 254.
// table: changeTable.ts.
// Check and race: npx chexgpu doctor --kernel augment.colour

const TABLE: u32 = 20;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, each: u32, rules: u32, rescale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<u32>;       // [b,TABLE]
@group(0) @binding(2) var<storage, read> bounds: array<vec4f>;    // [b] = low, high, low', high'
@group(0) @binding(3) var<storage, read_write> x: array<f32>;     // [b,each]

// n / d for 0 <= n <= d, rounded to the nearest float; 0 where that would be below the normal floats.
fn quotient(n: f32, d: f32) -> f32 {
  let top = bitcast<u32>(n);
  let bottom = bitcast<u32>(d);
  if ((top >> 23u) == 0u || (bottom >> 23u) == 0u) { return 0.0; }
  let divisor = (bottom & 0x7fffffu) | 0x800000u;
  var rest = (top & 0x7fffffu) | 0x800000u;
  var exponent = i32(top >> 23u) - i32(bottom >> 23u) + 127;
  if (rest < divisor) {
    rest <<= 1u;
    exponent--;
  }
  // 24 digits, the first of them 1.
  var digits = 0u;
  for (var k = 0u; k < 24u; k++) {
    let fits = rest >= divisor;
    rest = (rest - select(0u, divisor, fits)) << 1u;
    digits = (digits << 1u) | select(0u, 1u, fits);
  }
  if (exponent < 1) { return 0.0; }
  // No quotient of floats lies in the middle of two. A carry goes into the exponent, which is right.
  return bitcast<f32>((u32(exponent) << 23u) + (digits - 0x800000u) + select(0u, 1u, rest > divisor));
}

fn brightened(given: f32, brightness: f32, low: f32, high: f32) -> f32 {
  let leaves = low < 0.0 || high > 255.0;
  var v = given;
  if (params.rules != 2u || leaves) {
    let lift = select(-low, max(-low, 0.0), params.rules == 0u);
    v += lift;
    if (high + lift != 0.0) { v = quotient(v, high + lift); }
    v *= 255.0;
  }
  v = min(trunc(brightness * trunc(v)), 255.0);
  if (params.rules == 2u && leaves) { v = quotient(v, 255.0) * (high - low) + low; }
  return v;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let b = i / params.each;
  if (b >= params.batch) { return; }
  let flags = table[b * TABLE + 12u];
  let range = bounds[b];
  var v = x[i];
  if ((flags & 8u) != 0u) { v = clamp(v + bitcast<f32>(table[b * TABLE + 13u]), range.x, range.y); }
  if ((flags & 16u) != 0u) { v = brightened(v, bitcast<f32>(table[b * TABLE + 14u]), range.z, range.w); }
  x[i] = v * params.rescale;
}
