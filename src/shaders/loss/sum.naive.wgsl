// A loss, the scalar: mean over the batch, sum over the classes. One thread in all.
//
//   loss = sum over c of  ( -mean over b of terms[b,c]  -mean over b of terms[b,classes+c] )
//
// Class by class, in the order of the course's notebook; the terms are those of a loss's own kernel. They are few
// (batch * 28), and one thread keeps the order of the sum fixed.
// Check and race: npx chexgpu doctor --kernel loss.sum

struct Params { batch: u32, classes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> terms: array<f32>;        // [b, positive | negative, c]
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;   // [1]

@compute @workgroup_size(1)
fn main() {
  var total = 0.0;
  for (var c = 0u; c < params.classes; c++) {
    var positive = 0.0;
    var negative = 0.0;
    for (var b = 0u; b < params.batch; b++) {
      positive += terms[b * 2u * params.classes + c];
      negative += terms[(b * 2u + 1u) * params.classes + c];
    }
    total += -positive / f32(params.batch) - negative / f32(params.batch);
  }
  loss[0] = total;
}
