/** `chexgpu inspect`: a page of what a network computes for one X-ray, made by src/eval/inspection. */
import { basename } from 'node:path';
import { Option } from 'commander';
import { UsageError } from '../../../core/errors.js';
import { byteSize, milliseconds, plural, threeDigits } from '../../../core/formatting.js';
import { checkFile, textKind, writeChecked } from '../../../core/outputs/singleFile.node.js';
import { SAMPLEWISE } from '../../../data/generator/standardize.js';
import { parameterTable } from '../../../densenet/architecture.js';
import { densenetNetwork } from '../../../densenet/network.js';
import { networkWords } from '../../../densenet/weights/layout.js';
import { inspectionPage } from '../../../eval/inspection/inspectionPage.js';
import { createModel } from '../../../workflow/createModel.js';
import { roomFor } from '../../../workflow/memoryCheck.node.js';
import { sayClassifier } from '../../../workflow/prediction/classifier.node.js';
import { chooseLabels } from '../../../workflow/prediction/outputs.js';
import { loadForGradcam } from '../../../workflow/results/explain.node.js';
import { chosenLayers, type Inspected, inspectImage } from '../../../workflow/results/inspection.node.js';
import { define } from '../../defineCommand.js';
import { parser } from '../../flags/flagText.js';
import { addLossOptions, type LossFlags, lossOf } from '../../flags/lossFlags.js';
import { names, option, wholeNumber } from '../../flags/sharedFlags.js';
import type { CommandContext } from '../../session/commandContext.js';
import { withSession } from '../../session/gpuSession.js';
import {
  addInferenceOptions,
  type InferenceFlags,
  readClassifierAhead,
  withOwnWeights,
} from '../../session/inference.js';
import { inputsOf, namedHistory } from '../../session/namedInputs.js';
import { type Ahead, withAhead } from '../../session/openAhead.js';
import { adapterOf } from '../../session/runInfo.js';
import { chexgpuVersion } from '../../session/versions.js';

interface InspectFlags extends InferenceFlags, LossFlags {
  training: boolean;
  positive?: readonly string[];
  gradients: boolean;
  layers?: readonly string[];
  maxMaps: number;
  channels?: readonly number[];
  out: string;
  overwrite: boolean;
}

const PAGE = textKind('page of maps', /<title>[^<]* – chexgpu<\/title>/);

/** `0,3,8-15` @throws UsageError for what is none */
function channelList(text: string): number[] {
  const list = names(text).flatMap((part) => {
    const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    const count = Number(to) - Number(from) + 1;
    if (!(count > 0)) throw new UsageError(`"${part}" is no channel, and no range of channels such as 0-15.`);
    return Array.from({ length: count }, (_, i) => Number(from) + i);
  });
  return [...new Set(list)];
}

/** @throws UsageError for flags of a training without `--training` */
function trainingOf(flags: InspectFlags, given: readonly string[]) {
  const { training, gradients, positive = [] } = flags;
  const loss = lossOf(flags);
  if (training) return { loss, positive, gradients };
  const isSet = Object.keys(loss.settings).length > 0;
  const strange = ['gradients', 'positive', 'loss'].find(
    (one) => given.includes(one) || (isSet && one === 'loss'),
  );
  if (strange === undefined) return null;
  throw new UsageError(`There is no \`${strange}\` in a prediction.`, 'Give `training: true` with it.');
}

const inspect = (
  context: CommandContext,
  flags: InspectFlags,
  args: readonly string[],
  given: readonly string[],
) => withAhead((ahead) => inspectWith(context, withOwnWeights(flags), args[0], given, ahead));

async function inspectWith(
  context: CommandContext,
  flags: InspectFlags,
  image: string,
  given: readonly string[],
  ahead: Ahead,
) {
  const { out } = context;
  const { overwrite } = flags;
  const wanted = trainingOf(flags, given);
  const inputs = await inputsOf([image, namedHistory(flags)], [], flags.weights);
  await checkFile(flags.out, { inputs, overwrite, kind: PAGE });
  const classifier = await readClassifierAhead(context, flags, ahead, 1);
  const { config, outputs, preparation } = classifier;
  const { size, pixels, interpolation, normalisation, normalisedBy } = preparation;
  const training = wanted && { ...wanted, positive: chooseLabels(wanted.positive, outputs) };
  chosenLayers(densenetNetwork(config), flags.layers);
  const admit = roomFor(config, training ? 'train' : 'predict', { count: 1, height: size, width: size });
  const { inspected, adapter } = await withSession(
    context,
    { ...flags, pixels, admit, node: ahead.node },
    async ({ node, pool }) => {
      sayClassifier(context, classifier);
      const own = normalisation ?? SAMPLEWISE;
      const batch = await loadForGradcam(pool, image, { size, interpolation, normalisation: own });
      const model = await createModel(context, node.gpu, classifier);
      try {
        const inspected = await inspectImage(context, node.gpu, model, classifier, batch, {
          ...flags,
          training,
        });
        return { inspected, adapter: adapterOf(node) };
      } finally {
        await model.dispose();
      }
    },
  );
  const page = inspectionPage({
    ...inspected,
    name: basename(image),
    network: networkWords(config),
    weights: classifier.origin,
    notice: classifier.notice,
    parameters: parameterTable(config).reduce((sum, { size: count }) => sum + count, 0),
    normalised: NORMALISED[normalisedBy],
    adapter,
    command: context.publicCommandLine.replaceAll(image, basename(image)),
    version: chexgpuVersion(),
    madeAt: new Date().toISOString(),
  });
  const file = await writeChecked(flags.out, page, overwrite);
  if (file !== flags.out) out.warn(`${flags.out} has turned up meanwhile and stays; see ${file}.`);
  say(context, inspected);
  out.say(`Wrote ${plural(inspected.maps.length, 'map')} to ${file} (${byteSize(Buffer.byteLength(page))})`);
  const maps = inspected.maps.map(({ picture, ...map }) => ({ ...map, channels: picture?.channels ?? [] }));
  const { mode, loss, times } = inspected;
  out.document({
    command: 'inspect',
    out: file,
    size,
    notice: classifier.notice,
    mode,
    outputs: inspected.outputs,
    loss,
    maps,
    times,
  });
  return 0;
}

const NORMALISED = {
  weights: 'as the weights say',
  history: 'by the statistics of the training images',
  nobody: 'by itself: mean 0, deviation 1',
} as const;

/** The most probable outputs, the loss, and the layer that took longest. */
function say({ out }: CommandContext, { outputs, loss, times }: Inspected): void {
  const best = outputs.toSorted((a, b) => b.probability - a.probability).slice(0, 4);
  out.say(best.map(({ label, probability }) => `${label}: p=${probability.toFixed(3)}`).join('  '));
  if (loss) out.say(`Loss: ${threeDigits(loss.value)} (${loss.title})`);
  if (!times) return;
  const all = times.dispatches.reduce((sum, { ns }) => sum + ns, 0);
  const longest = times.dispatches.reduce((a, b) => (b.ns > a.ns ? b : a));
  const clock = times.byGpu ? "by the GPU's clock" : 'by waiting for each, as this adapter has no timestamps';
  out.say(
    `${plural(times.dispatches.length, 'dispatch', 'dispatches')} in ${milliseconds(all / 1e6)} ${clock}, ` +
      `${milliseconds(longest.ns / 1e6)} of them ${longest.label}`,
  );
}

export const inspectCommand = define<InspectFlags>({
  name: 'inspect',
  description:
    'Writes a page of what a network computes for one X-ray: the maps of every layer in pictures and numbers, with ' +
    'the kernel that made each and the time that it took.',
  examples: [
    [
      'chexgpu inspect a.png',
      "by the package's own network, which drawn X-rays taught: says nothing of a patient",
    ],
    [
      'chexgpu inspect --size 64 --layers conv1,conv2_block1 --channels 0-7 a.png',
      'some layers, their first maps',
    ],
    [
      'chexgpu inspect --size 64 --training --positive Mass,Edema --gradients a.png',
      'a training step: batch statistics, loss and gradients',
    ],
  ],
  flags: (command) => {
    addInferenceOptions(command.argument('<image>', 'a PNG or JPEG file'))
      .option('--training', 'as in a training step: batch norms go by this image, and there is a loss', false)
      .option(
        '--positive <names>',
        'with --training: the labels that are 1, separated by commas (default: none)',
        names,
      )
      .option('--gradients', 'with --training: the gradient of every map and weight beside it', false)
      .option(
        '--layers <names>',
        "only these layers: names, blocks such as conv2_block1, or patterns such as '*_bn', separated by commas",
        names,
      )
      .option('--max-maps <n>', 'channels of a layer that are drawn, the first', wholeNumber(1, 4096), 32)
      .addOption(
        new Option('--channels <numbers>', 'these channels instead, such as 0,3,8-15')
          .argParser(parser(channelList))
          .conflicts('maxMaps'),
      )
      .option('--out <file>', 'page to write', 'inspect.html')
      .addOption(option.overwrite('an earlier page'));
    return addLossOptions(command);
  },
  action: inspect,
});
