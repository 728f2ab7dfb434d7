/** From what a run did to the report's data. */

import type { CommandContext } from '../../cli/session/context.js';
import type { Session } from '../../cli/session/session.js';
import { versions } from '../../cli/session/versions.js';
import { MT19937 } from '../../core/mt19937.js';
import type { Frame } from '../../data/tables/frame.js';
import { imagePath } from '../../data/tables/imageFiles.node.js';
import type { RunInfo, SampleImage } from '../../eval/report/reportData.js';
import type { Preparation } from '../data/dataset.node.js';

const SAMPLES = 8;

/** Training images drawn by the seed, as the network gets them before normalisation. */
export async function sampleImages(
  { pool }: Session,
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

export function runInfo(
  { commandLine }: CommandContext,
  { node }: Session,
  facts: { name: string; seed: number; startedAt: Date; settings: Record<string, string> },
): RunInfo {
  const { info } = node.gpu;
  return {
    name: facts.name,
    command: commandLine,
    seed: facts.seed,
    startedAt: facts.startedAt.toISOString(),
    seconds: (Date.now() - facts.startedAt.getTime()) / 1000,
    adapter: {
      name: node.name,
      driver: [info.vendor, info.architecture, info.description].filter(Boolean).join(', '),
      software: info.kind === 'software',
      reason: node.why,
    },
    versions: versions(),
    settings: facts.settings,
  };
}
