/**
 * Golden runs: nothing that is not meant to change a number changes one. `npm run golden` records the adapter in use
 * anew, only for a change that is meant to change bits.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openNodeGpu } from '../../src/node.js';
import { BOUND } from '../support/golden/parity.js';
import {
  differences,
  type GoldenRun,
  hasGoldenRun,
  type Near,
  placeOf,
  readGoldenRun,
  writeGoldenRun,
} from './goldenFile.js';
import {
  type GoldenDispatches,
  type GoldenNumbers,
  recordPredictions,
  recordStart,
  recordSteps,
  START_MS,
} from './record.js';

const node = await openNodeGpu({ quiet: true });
const { gpu, kind, name } = node;
const here = await placeOf(node);
afterAll(() => gpu.dispose());

/** Each is made once, and only if a test asks for it. */
const once = <T>(make: () => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
};
const start = once(() => recordStart());
const steps = once(() => recordSteps(gpu));
const predictions = once(() => recordPredictions(gpu));

const numbers = {
  start,
  steps: async () => (await steps()).steps,
  probabilities: async () => (await predictions()).probabilities,
  gradcam: async () => (await predictions()).gradcam,
} satisfies { [part in keyof GoldenNumbers]: () => Promise<GoldenNumbers[part]> };

async function dispatches(): Promise<GoldenDispatches> {
  return { predict: (await predictions()).dispatches, trainStep: (await steps()).dispatches };
}

async function record(): Promise<GoldenRun> {
  return {
    place: here,
    numbers: {
      start: await numbers.start(),
      steps: await numbers.steps(),
      probabilities: await numbers.probabilities(),
      gradcam: await numbers.gradcam(),
    },
    dispatches: await dispatches(),
  };
}

const relative = (bound: number) => (got: number, want: number) =>
  Math.abs(got - want) <= bound * Math.abs(want);
const absolute = (bound: number) => (got: number, want: number) => Math.abs(got - want) <= bound;

/** Nothing is updated before the first loss of a training. */
const losses = (later: number): Near => {
  const [first, others] = [relative(BOUND.loss), relative(later)];
  return (got, want, path) => (/^(losses|stepLosses)\.0$/.test(path) ? first : others)(got, want);
};

/** Where another processor or driver may round elsewhere. */
const NEAR: Record<keyof GoldenNumbers, Near> = {
  start: losses(BOUND.startElsewhere),
  steps: losses(BOUND.stepsElsewhere),
  probabilities: absolute(BOUND.probability),
  gradcam: absolute(BOUND.gradcam),
};

function compareWithGoldenRun(): void {
  const golden = readGoldenRun(kind);
  const samePlace = differences(here, golden.place).length === 0;
  const sameSubgroups = differences(here.subgroups, golden.place.subgroups).length === 0;

  const compare = async (part: keyof GoldenNumbers) => {
    const [got, want] = [await numbers[part](), golden.numbers[part]];
    const found = differences(got, want);
    if (found.length === 0 || samePlace) {
      expect(found).toEqual([]);
      return;
    }
    console.log(
      `${part} has other bits on ${here.adapter} (${here.processor}) than on ${golden.place.adapter} ` +
        `(${golden.place.processor}), so it is compared within bounds.`,
    );
    expect(differences(got, want, NEAR[part])).toEqual([]);
  };

  it('`npm start` has the same loss in every step', () => compare('start'), START_MS);
  it('four steps from generated weights give the same losses, weights and moving averages', () =>
    compare('steps'));
  it('three images have the same probabilities', () => compare('probabilities'));
  it('a Grad-CAM map is the same', () => compare('gradcam'));

  it('the same kernels run with the same constants, in the same order', async () => {
    const got = await dispatches();
    if (!sameSubgroups) {
      const [smallest, largest] = here.subgroups;
      console.log(`${name} has subgroups of ${smallest} to ${largest} here, which take other kernels.`);
      expect(got.predict.length).toBe(golden.dispatches.predict.length);
      return;
    }
    expect(differences(got, golden.dispatches)).toEqual([]);
  });
}

function compareWithItself(): void {
  it('gives the same probabilities and the same map twice', async () => {
    console.log(`${name} has no golden run: only whether it repeats its own numbers is looked at.`);
    const first = await recordPredictions(gpu);
    expect(differences(await recordPredictions(gpu), first)).toEqual([]);
  });
}

describe(`the golden run of ${kind}`, () => {
  if (process.env.MODE === 'record') {
    it(
      'is recorded',
      async () => {
        expect(hasGoldenRun(kind), `no golden run is kept of ${name}`).toBe(true);
        console.log(`Recorded ${await writeGoldenRun(kind, await record())}`);
      },
      START_MS,
    );
  } else if (hasGoldenRun(kind)) {
    compareWithGoldenRun();
  } else {
    compareWithItself();
  }
});
