/** What-if in the worker: a network of its own, changed as somebody wishes, that predicts and takes one step. */
import { DenseNet, type Labelled, type PixelBatch } from 'chexgpu';
import { gradientCheck } from 'chexgpu/lab';
import type { Call } from '../../../worker/protocol.js';
import { shaderTexts } from '../debugger/shaderTexts.js';
import { Graph } from '../graph/graph.js';
import { parseWeight, placeOf } from '../graph/weightNames.js';
import { labelledBatch, phantomPicture } from '../inWorker/pictures.js';
import type { Subject, SubjectSession } from '../inWorker/subject.js';
import { compiled } from '../inWorker/training.js';
import { BACKWARD_ALONE, brokenKernels } from './brokenKernels.js';
import type { Change, CheckedWeight, Outcome } from './types.js';
import { UNCHANGED } from './whatIfPlace.js';
import { withoutChannel } from './withoutChannel.js';

export function makeWhatIfWork(session: SubjectSession) {
  let before: { generation: number; outcome: Promise<Outcome> } | null = null;
  const usual = (subject: Subject, call: Call): Promise<Outcome> => {
    if (before?.generation !== subject.generation) {
      const outcome = outcomeOf(subject, UNCHANGED, call);
      const mine = { generation: subject.generation, outcome };
      before = mine;
      outcome.catch(() => {
        if (before === mine) before = null;
      });
    }
    return before.outcome;
  };
  return {
    /** As it is. */
    whatIs: async (_: null, call: Call): Promise<Outcome> => usual(await session.subject(), call),
    /** With the change. */
    whatIf: async (change: Change, call: Call): Promise<Outcome> => {
      const subject = await session.subject();
      await usual(subject, call);
      return outcomeOf(subject, change, call);
    },
    /** The gradient of a weight beside the quotient of a finite difference. @throws UsageError */
    checkGradient: async (
      { text, step }: { text: string; step: number | null },
      { signal }: Call,
    ): Promise<CheckedWeight> => {
      const { model, batch, weights, network } = await session.subject();
      const parsed = parseWeight(new Graph(network.config, network.size), text);
      if (!parsed) throw new Error(`${network.config.name} trains no weight ${text}.`);
      const { spec, index } = parsed;
      const options = step === null ? { signal } : { signal, step };
      const checked = await gradientCheck(model, batch, spec.key, index, options);
      return {
        ...checked,
        value: weights.get(spec.key)![placeOf(spec.shape, index)],
        title: `${spec.key}[${index}]`,
      };
    },
  };
}

async function outcomeOf(subject: Subject, change: Change, { signal, report }: Call): Promise<Outcome> {
  const started = performance.now();
  const { gpu, network, weights: given, training, batch: own } = subject;
  const { config } = network;
  const { zero, slope, noNorm, image } = change;
  report('Making the network');
  const kernels = await brokenKernels(gpu, await shaderTexts(), slope, noNorm);
  const weights = zero ? withoutChannel(config, given, zero) : given;
  const variants = slope === 0 ? {} : BACKWARD_ALONE;
  const model = await DenseNet.create(gpu, { config, weights, kernels, variants, signal });
  try {
    const settings = {
      ...training,
      adam: { ...training.adam, learningRate: change.learningRate ?? training.adam.learningRate },
    };
    // Batch norms that go by statistics of the batch would make them anew.
    const layers = noNorm ? { freeze: normsOf(model) } : {};
    await model.compile({ ...compiled(settings), ...layers, signal });
    const batch = image ? otherPicture(subject, image) : own;
    report('Predicting');
    const probabilities = Array.from(await model.predict(batch, { signal }));
    report('One step of training');
    const loss = await model.trainStep(batch, { signal });
    report('Predicting after the step');
    const after = Array.from(await model.predict(batch, { signal }));
    // The loss of a step is that of the weights before it.
    const next = await model.trainStep(batch, { signal });
    const ms = performance.now() - started;
    return { probabilities, loss, stepped: { probabilities: after, loss: next }, ms };
  } finally {
    await model.dispose();
  }
}

const normsOf = ({ network }: DenseNet) => network.batchNorms.map(({ name }) => name);

/** Another picture, with the labels of the loss as they were. */
function otherPicture({ network, labels, preparation, batch }: Subject, image: string): Labelled<PixelBatch> {
  const picture = phantomPicture(image);
  if (!picture) throw new Error(`There is no picture ${image}.`);
  const other = labelledBatch(network, picture, labels, null, preparation);
  return { ...other, labels: batch.labels };
}
