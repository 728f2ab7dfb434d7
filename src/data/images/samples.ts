/**
 * Samples as they are stored, of up to 16 bits and with alpha, to 8-bit pixels as PIL's `convert('RGB')` gives them:
 * alpha is dropped without compositing. What becomes of samples of more than 8 bits, `Scaling` says.
 */
import { contentFacts, type PixelFacts, type Scaling, type StoredImage } from './pixelFacts.js';
import type { PixelImage } from './pixels.js';

/** data[h,w,channels]; alpha is the last of 2 or 4 channels. */
export interface Samples {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** That the numbers may use: 8, or up to 16. */
  readonly bits: number;
}

/** Gray in one channel where it is stored so, else three channels. */
export function pixelsOf(
  samples: Samples,
  stored: StoredImage,
  scaling: Scaling,
): PixelImage & { readonly facts: PixelFacts } {
  const { width, height, bits } = samples;
  const channels = stored.mode.startsWith('gray') ? 1 : 3;
  const alike = bits === 8 && samples.channels === channels && scaling !== 'range';
  const clips = scaling === 'keras' && stored.mode === 'gray' && bits > 8;
  const { data, transparent, clipped } = alike
    ? { data: samples.data as Uint8Array, transparent: false, clipped: 0 }
    : convert(samples, channels, narrowing(samples, channels, clips, scaling), clips);
  const facts = { ...stored, scaling, transparent, clipped, ...contentFacts(data, channels) };
  return { width, height, channels, data, facts };
}

/** Drops alpha and makes bytes of the samples. */
function convert(
  { data: stored, width, height, channels: each, bits }: Samples,
  channels: 1 | 3,
  narrow: (sample: number) => number,
  clips: boolean,
): { data: Uint8Array; transparent: boolean; clipped: number } {
  const alphaAt = each % 2 === 0 ? each - 1 : undefined;
  const opaque = 2 ** bits - 1;
  const data = new Uint8Array(width * height * channels);
  let transparent = false;
  let above = 0;
  for (let i = 0, o = 0; o < data.length; i += each) {
    if (clips && stored[i] > 255) above++;
    for (let c = 0; c < channels; c++) data[o++] = narrow(stored[i + c]);
    if (alphaAt !== undefined && stored[i + alphaAt] !== opaque) transparent = true;
  }
  return { data, transparent, clipped: above / (width * height) };
}

/** PIL holds 16-bit gray as 32-bit integers and clips them; 16-bit files with more channels lose the low byte. */
function narrowing(
  samples: Samples,
  channels: 1 | 3,
  clips: boolean,
  scaling: Scaling,
): (sample: number) => number {
  if (scaling === 'range') return stretch(samples, channels);
  if (clips) return (sample) => Math.min(sample, 255);
  const low = samples.bits - 8;
  return (sample) => sample >> low;
}

/** From the least sample to the largest, of all colours together; an image of one value becomes black. */
function stretch({ data, channels: stored }: Samples, channels: 1 | 3): (sample: number) => number {
  let min = 65535;
  let max = 0;
  for (let i = 0; i < data.length; i += stored) {
    for (let c = 0; c < channels; c++) {
      min = Math.min(min, data[i + c]);
      max = Math.max(max, data[i + c]);
    }
  }
  if (min === max) return () => 0;
  return (sample) => Math.round(((sample - min) * 255) / (max - min));
}
