// Global average pooling, backward, four channels of POSITIONS pixels a thread. Formula: globalBackward.naive.wgsl.
//
// One load and one division serve POSITIONS stores. Needs channels that are multiples of four.
// Check and race: npx chexgpu doctor --kernel pool.globalBackward

const POSITIONS: u32 = 4;
const WORKGROUP: u32 = 64;

struct Params { batch: u32, positions: u32, channels: u32, dyPixelStride: u32, dyOffset: u32, dxPixelStride: u32, dxOffset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  let channels4 = params.channels / 4u;
  let tiles = (params.positions + POSITIONS - 1u) / POSITIONS;
  let c = i % channels4;
  let tile = (i / channels4) % tiles;
  let b = i / (channels4 * tiles);
  if (b >= params.batch) { return; }
  let v = dy[(b * params.dyPixelStride + params.dyOffset) / 4u + c] / f32(params.positions);
  let end = min((tile + 1u) * POSITIONS, params.positions);
  for (var position = tile * POSITIONS; position < end; position++) {
    dx[((b * params.positions + position) * params.dxPixelStride + params.dxOffset) / 4u + c] = v;
  }
}
