// How fast this adapter moves memory: y = x, one vec4f (16 bytes) after the other, neighbours by neighbours.
// VECTORS a thread, a whole grid apart, so that every access of a workgroup is to consecutive addresses.

const VECTORS: u32 = 4;
const WORKGROUP: u32 = 64;

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.x + group.y * groups.x) * WORKGROUP * VECTORS + lane;
  /*unroll*/ for (var i = 0u; i < VECTORS; i++) {
    let at = first + i * WORKGROUP;
    if (at < params.vectors) {
      y[at] = x[at];
    }
  }
}
