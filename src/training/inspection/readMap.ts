/** A map of a plan that has run, on its way back to the caller. */
import type { Gpu } from '../../engine/device/gpu.js';
import { elements, pixels, type Tensor } from '../../engine/plan/tensor.js';

/** Values in C order, without the channels of other layers and the images of other maps. */
export async function readMap(gpu: Gpu, map: Tensor): Promise<Float32Array> {
  const { storage, shape, pixelStride, channelOffset } = map;
  const { buffer } = storage.whole ?? storage;
  const channels = shape[3];
  const floats = (pixels(map) - 1) * pixelStride + channels;
  const wide = new Float32Array(await gpu.read(buffer!, storage.byteOffset + 4 * channelOffset, 4 * floats));
  if (pixelStride === channels) return wide;
  const values = new Float32Array(elements(shape));
  for (let pixel = 0; pixel * channels < values.length; pixel++) {
    const from = pixel * pixelStride;
    values.set(wide.subarray(from, from + channels), pixel * channels);
  }
  return values;
}
