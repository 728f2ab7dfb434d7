/** Counts the bytes of all GPU buffers alive in this process, whoever makes them with npm `webgpu`. */
import { globals } from 'webgpu';

/** Call before the first buffer is made. `restart` begins a new peak at what is alive now. */
export function meterBuffers() {
  let live = 0;
  let peak = 0;
  const sizes = new WeakMap();
  const device = globals.GPUDevice.prototype;
  const buffers = globals.GPUBuffer.prototype;
  const { createBuffer } = device;
  const { destroy } = buffers;
  device.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    sizes.set(buffer, descriptor.size);
    live += descriptor.size;
    peak = Math.max(peak, live);
    return buffer;
  };
  buffers.destroy = function () {
    live -= sizes.get(this) ?? 0;
    sizes.delete(this);
    return destroy.call(this);
  };
  return {
    restart: () => {
      peak = live;
    },
    peak: () => peak,
  };
}
