/** `chexgpu trace`: one number from a pixel to the loss, and back to one weight's step. */
import { basename } from 'node:path';
import { UsageError } from '../../../core/errors.js';
import { byteSize } from '../../../core/formatting.js';
import { checkFile, textKind, writeChecked } from '../../../core/outputs/singleFile.node.js';
import { SAMPLEWISE } from '../../../data/generator/standardize.js';
import type { Explained } from '../../../densenet/trace/terms.js';
import { networkWords } from '../../../densenet/weights/layout.js';
import { encodePng, pngUri } from '../../../eval/explain/overlay.node.js';
import { partsOf, sevenDigits, shutWords, valuesOf } from '../../../eval/trace/traceLines.js';
import { tracePage } from '../../../eval/trace/tracePage.js';
import { createModel } from '../../../workflow/createModel.js';
import { roomFor } from '../../../workflow/memoryCheck.node.js';
import { sayClassifier } from '../../../workflow/prediction/classifier.node.js';
import { chooseLabels } from '../../../workflow/prediction/outputs.js';
import { loadForGradcam } from '../../../workflow/results/explain.node.js';
import {
  phantomBatch,
  phantomNumber,
  type TracedStep,
  traceImage,
} from '../../../workflow/results/trace.node.js';
import { define } from '../../defineCommand.js';
import { parser } from '../../flags/flagText.js';
import { learningRate } from '../../flags/optimizerFlags.js';
import { names, option } from '../../flags/sharedFlags.js';
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

interface TraceFlags extends InferenceFlags {
  pixel: readonly [row: number, column: number];
  class: string;
  weight: string;
  positive?: readonly string[];
  learningRate: number;
  html?: string;
  overwrite: boolean;
}

const PAGE = textKind('page of one number', /<title>[^<]* – chexgpu<\/title>/);

/** `10,11` @throws UsageError for what is none */
function place(text: string): [number, number] {
  const [, row, column] = /^(\d{1,4}),\s*(\d{1,4})$/.exec(text.trim()) ?? [];
  if (column === undefined)
    throw new UsageError(`"${text}" is no pixel: give row and column, such as 10,11.`);
  return [Number(row), Number(column)];
}

const trace = (context: CommandContext, flags: TraceFlags, args: readonly string[]) =>
  withAhead((ahead) => traceWith(context, withOwnWeights(flags), args[0], ahead));

async function traceWith(context: CommandContext, flags: TraceFlags, image: string, ahead: Ahead) {
  const { out } = context;
  const { overwrite, pixel, weight, learningRate, html: page } = flags;
  const phantom = phantomNumber(image);
  const inputs = await inputsOf(
    [phantom === null ? image : undefined, namedHistory(flags)],
    [],
    flags.weights,
  );
  if (page !== undefined) await checkFile(page, { inputs, overwrite, kind: PAGE });
  const classifier = await readClassifierAhead(context, flags, ahead, 1);
  const { config, outputs, preparation } = classifier;
  const { size, pixels, interpolation, normalisation } = preparation;
  const [label] = chooseLabels([flags.class], outputs);
  const how = { size, interpolation, normalisation: normalisation ?? SAMPLEWISE };
  const drawn = phantom === null ? null : phantomBatch(phantom, size, how);
  const truth = (drawn?.findings ?? []).filter((one) => outputs.labels.includes(one));
  const positive = flags.positive ? chooseLabels(flags.positive, outputs) : truth;
  const admit = roomFor(config, 'train', { count: 1, height: size, width: size });
  const { traced, batch, adapter } = await withSession(
    context,
    { ...flags, pixels, admit, node: ahead.node },
    async ({ node, pool }) => {
      sayClassifier(context, classifier);
      const batch = drawn?.batch ?? (await loadForGradcam(pool, image, how));
      const model = await createModel(context, node.gpu, classifier);
      try {
        const options = { label, positive, learningRate, pixel, weight };
        const traced = await traceImage(context, node.gpu, model, classifier, batch, options);
        return { traced, batch, adapter: adapterOf(node) };
      } finally {
        await model.dispose();
      }
    },
  );
  const name = phantom === null ? basename(image) : `phantom ${phantom}`;
  const said = { name, size, pixel, label, positive, labelsFrom: labelsFrom(flags, drawn !== null) };
  say(context, traced, said);
  if (page !== undefined) {
    const { width, height, channels, pixels: data } = batch;
    const uri = pngUri(await encodePng({ width, height, channels, pixels: data }));
    const text = tracePage({
      ...traced,
      ...said,
      network: networkWords(config),
      weights: classifier.origin,
      notice: classifier.notice,
      adapter,
      image: { uri, width, height },
      command: context.publicCommandLine.replaceAll(image, name),
      version: chexgpuVersion(),
      madeAt: new Date().toISOString(),
    });
    const file = await writeChecked(page, text, overwrite);
    if (file !== page) out.warn(`${page} has turned up meanwhile and stays; see ${file}.`);
    out.say(`Wrote ${file} (${byteSize(Buffer.byteLength(text))})`);
  }
  out.document({ command: 'trace', ...said, network: config.name, notice: classifier.notice, ...traced });
  return 0;
}

const labelsFrom = ({ positive }: TraceFlags, isDrawn: boolean) =>
  positive ? 'as given' : isDrawn ? 'as it was drawn' : 'as nothing was said';

interface Said {
  name: string;
  size: number;
  pixel: readonly [number, number];
  label: string;
  positive: readonly string[];
  labelsFrom: string;
}

function say({ out }: CommandContext, traced: TracedStep, { name, size, pixel, positive, labelsFrom }: Said) {
  const { rule, meeting, shut, forward, backward, weight, byte } = traced;
  out.say(
    `Pixel ${pixel.join(',')} of ${name} at ${size} px: ${byte} of 255. Positive labels of the loss, ${labelsFrom}: ` +
      `${positive.join(', ') || 'none'}`,
  );
  out.say(`The way. ${rule}`);
  if (meeting) out.say(meeting);
  if (shut.length > 0) out.say(shutWords(shut));
  out.say('\nFrom the pixel to the loss');
  for (const one of forward) sayStation((line) => out.say(line), one);
  out.say('\nAnd back: dL/dy, how the loss would change with each number');
  for (const one of backward) sayStation((line) => out.say(line), one);
  out.say('\nThe weight');
  sayStation((line) => out.say(line), weight.gradient);
  const { steps, m, v, after } = weight.adam;
  out.say("  Adam's first step");
  for (const { what, value } of steps) out.say(`      ${what}: ${sevenDigits(value)}`);
  out.say(`    GPU: m ${sevenDigits(m)}, v ${sevenDigits(v)}, new weight ${sevenDigits(after)}`);
}

function sayStation(write: (line: string) => void, explained: Explained): void {
  const { title, kind, formula } = explained;
  const { gpu, reference, difference } = valuesOf(explained);
  write(`  ${title}  (${kind})`);
  write(`      ${formula}`);
  for (const [what, value] of partsOf(explained)) write(`        ${what}: ${value}`);
  write(`    GPU ${gpu}   float64 ${reference}   difference ${difference}`);
}

export const traceCommand = define<TraceFlags>({
  name: 'trace',
  description:
    'Follows one number through a training step: from a pixel to the loss, and back to the gradient of one weight ' +
    "and Adam's step, with all that goes into it, the GPU's value and the plain float64 sum beside it.",
  examples: [
    [
      "chexgpu trace phantom:1 --size 64 --pixel 10,11 --class Mass --weight 'conv1/conv/kernel[0,0,0,5]'",
      'by the drawn X-ray of that number, which the Explorer shows too',
    ],
    [
      "chexgpu trace a.png --network toy --pixel 3,5 --class Edema --weight 'conv1/conv/kernel[3,3,0,0]' --html a.html",
      'a file through the toy network, as a page',
    ],
  ],
  flags: (command) =>
    addInferenceOptions(
      command.argument('<image>', 'a PNG or JPEG file, or a drawn X-ray: phantom:1 to phantom:60'),
    )
      .requiredOption(
        '--pixel <row,column>',
        "row and column at the network's size, from 0, such as 10,11",
        parser(place),
      )
      .requiredOption('--class <name>', 'the output whose logit the way leads to')
      .requiredOption(
        '--weight <name>',
        "the weight that it leads back to, such as 'conv1/conv/kernel[0,0,0,5]'",
      )
      .option(
        '--positive <names>',
        'the labels that are 1, separated by commas (default: those that a phantom was drawn with; else none)',
        names,
      )
      .option('--learning-rate <number>', "of Adam's step", parser(learningRate), 1e-3)
      .option('--html <file>', 'a page to write')
      .addOption(option.overwrite('an earlier page')),
  action: trace,
});
