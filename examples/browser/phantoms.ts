/** Drawn X-rays of synthetic patients: samples to look at, and images to train on. */
import {
  computeClassFreqs,
  drawPhantom,
  type Frame,
  ImageGenerator,
  LABELS,
  lossWeights,
  makeCohort,
  type PhantomSpec,
  type PixelImage,
  resizeNearest,
  SAMPLEWISE,
} from 'chexgpu';
import { breathe } from './dom.js';

/** Side of every phantom in pixels; like a file it is resized to what the network takes. */
const DRAWN_SIZE = 448;
const SAMPLE_SEED = 1;
const SAMPLE_PATIENTS = 80;
/** What is easy to see. */
const SAMPLE_FINDINGS = ['Effusion', 'Cardiomegaly', 'Mass'];
/** Other patients than the samples'. */
const TRAINING_SEED = 2;

function draw(spec: PhantomSpec): PixelImage {
  const { pixels } = drawPhantom(spec, DRAWN_SIZE);
  return { width: DRAWN_SIZE, height: DRAWN_SIZE, channels: 1, data: pixels };
}

export interface Sample {
  name: string;
  image: PixelImage;
  findings: string[];
}

/** For each finding of SAMPLE_FINDINGS an X-ray with few others beside it, then one without any. */
export async function* drawSamples(): AsyncGenerator<Sample> {
  const cohort = makeCohort({ images: SAMPLE_PATIENTS, seed: SAMPLE_SEED, balanced: true, maxVisits: 1 });
  const byFindings = cohort.toSorted((a, b) => a.findings.length - b.findings.length);
  const taken = new Set<PhantomSpec>();
  for (const wanted of [...SAMPLE_FINDINGS, null]) {
    const spec = byFindings.find(
      ({ findings }) => findings.some(({ label }) => label === wanted) || (!wanted && findings.length === 0),
    );
    if (!spec || taken.has(spec)) continue;
    taken.add(spec);
    await breathe();
    yield { name: spec.image, image: draw(spec), findings: spec.findings.map(({ label }) => label) };
  }
}

/** Phantoms to train on, drawn when they are first asked for, and the loss weights of their labels. */
export function trainingPhantoms(options: { images: number; size: number; batchSize: number }): {
  source: ImageGenerator;
  posWeights: Float64Array;
  negWeights: Float64Array;
} {
  const { images, size, batchSize } = options;
  const specs = makeCohort({ images, seed: TRAINING_SEED, balanced: true });
  const frame: Frame = {
    file: 'the phantoms',
    images: specs.map((spec) => spec.image),
    patientIds: specs.map((spec) => String(spec.patientId)),
    classes: LABELS,
    labels: Uint8Array.from(specs.flatMap((spec) => spec.labels)),
    lines: specs.map((_, i) => i + 1),
  };
  const byName = new Map(specs.map((spec) => [spec.image, spec]));
  const drawn = new Map<string, PixelImage>();
  const load = async (name: string): Promise<PixelImage> => {
    const known = drawn.get(name);
    if (known) return known;
    await breathe();
    const spec = byName.get(name);
    if (!spec) throw new Error(`no phantom is called ${name}`);
    const image = resizeNearest(draw(spec), size, size);
    drawn.set(name, image);
    return image;
  };
  return {
    source: new ImageGenerator({
      frame,
      load,
      height: size,
      width: size,
      batchSize,
      seed: TRAINING_SEED,
      normalisation: SAMPLEWISE,
    }),
    ...lossWeights(computeClassFreqs(frame.labels, LABELS.length)),
  };
}
