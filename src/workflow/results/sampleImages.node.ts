/** Sample images for the report. */

import { MT19937 } from '../../core/mt19937.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import type { Frame } from '../../data/tables/frame.js';
import { imagePath } from '../../data/tables/imageFiles.node.js';
import type { SampleImage } from '../../eval/report/reportData.js';
import type { Preparation } from '../data/dataset.node.js';

const SAMPLES = 8;

/** Training images drawn by the seed, as the network gets them before normalisation. */
export async function sampleImages(
  pool: DecodePool,
  frame: Frame,
  images: string,
  { size, seed, interpolation }: Preparation,
): Promise<SampleImage[]> {
  const rows = new MT19937(seed).permutation(frame.images.length).slice(0, SAMPLES);
  return Promise.all(
    Array.from(rows, async (row) => {
      const { width, height, channels, data } = await pool.load(
        imagePath(images, frame.images[row]),
        size,
        size,
        interpolation,
      );
      const labels = frame.classes.filter((_, c) => frame.labels[row * frame.classes.length + c] === 1);
      return {
        file: frame.images[row],
        patientId: frame.patientIds[row],
        labels,
        image: { width, height, channels, pixels: data },
      };
    }),
  );
}
