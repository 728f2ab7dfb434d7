/** The report's sections up to the training, in the notebook's order, each from one part of ReportData. */
import { milliseconds, plural, threeDigits, whole } from '../../core/formatting.js';
import { type Html, html } from './htmlTag.js';
import type {
  DataSummary,
  FrequencySummary,
  ModelSummary,
  Problem,
  SampleImage,
  TrainingSummary,
} from './reportData.js';
import { type Assets, findings, picture, type Section, table } from './reportElements.js';

function patientList(patients: string[]): Html {
  const some = patients.slice(0, 20).join(', ');
  const more =
    patients.length > 20 ? ` and ${whole(patients.length - 20)} more (all of them in report.json)` : '';
  return html`${some}${more}`;
}

/** Comes first: what somebody reading the rest would otherwise look for in vain. */
export function problemSection(problems: Problem[]): Section {
  return {
    id: 'problems',
    title: 'What failed',
    body: html`<p class="bad">These parts of the run failed and are missing; the rest is complete.</p>
      ${table(
        null,
        [{ title: 'part' }, { title: 'why' }],
        problems.map(({ part, message }) => [part, message]),
      )}`,
  };
}

export function dataSection(data: DataSummary): Section {
  const leaks = data.leakage.filter((pair) => pair.patientIds.length > 0);
  return {
    id: 'data',
    title: 'Data and patient leakage',
    body: html`<p>Images from <code>${data.source}</code>. A patient must not be in two splits: a network that
      has seen a patient while learning recognises the patient, and its scores say too much.</p>
      ${table(
        null,
        [
          { title: 'split' },
          { title: 'file' },
          { title: 'images', numeric: true },
          { title: 'patients', numeric: true },
        ],
        data.splits.map((s) => [s.name, html`<code>${s.file}</code>`, whole(s.images), whole(s.patients)]),
      )}
      ${table(
        leaks.length
          ? html`<span class="bad">Patients are shared between splits: take the scores below with care.</span>`
          : 'No patient occurs in two splits.',
        [{ title: 'pair of splits' }, { title: 'patients in both', numeric: true }, { title: 'who' }],
        data.leakage.map((pair) => [
          `${pair.a} and ${pair.b}`,
          pair.patientIds.length
            ? html`<span class="bad">${pair.patientIds.length}</span>`
            : html`<span class="good">0</span>`,
          pair.patientIds.length ? patientList(pair.patientIds) : html`<span class="quiet">nobody</span>`,
        ]),
      )}`,
  };
}

/** Three to five columns, whichever fills its last row best. */
function sampleColumns(count: number): number {
  const gaps = (columns: number) => (columns - (count % columns)) % columns;
  return [4, 5, 3].reduce((best, columns) => (gaps(columns) < gaps(best) ? columns : best));
}

export function sampleSection(samples: SampleImage[], uris: string[]): Section {
  return {
    id: 'samples',
    title: 'Sample images',
    body: html`<p>${plural(samples.length, 'X-ray')} as the network gets ${samples.length === 1 ? 'it' : 'them'}, before
      normalisation, with the findings that the labels name.</p>
      <div class="samples" style="--columns: ${sampleColumns(samples.length)}">${samples.map((s, i) => {
        const alt = `Chest X-ray ${s.file}: ${findings(s.labels)}`;
        return html`<figure>${picture(uris[i], alt, s.image.width, s.image.height)}<figcaption>
          <span class="tags">${
            s.labels.length ? s.labels.join(', ') : html`<span class="quiet">no finding</span>`
          }</span>
          <span class="file">${s.file}</span><span class="quiet">patient ${s.patientId}</span></figcaption></figure>`;
      })}</div>`,
  };
}

const hasUnknownLabels = ({ known, samples }: FrequencySummary) => known.some((count) => count < samples);

export function frequencySection(f: FrequencySummary, assets: Assets): Section {
  return {
    id: 'frequencies',
    title: 'Class frequencies',
    body: html`${assets.figure(
      'class-frequencies',
      html`How many of the ${whole(f.samples)} images in <em>${f.split}</em> carry each finding${
        hasUnknownLabels(f) ? ', of those whose label is known' : ''
      }. One image can carry several, so the shares do not add up to 100 %.`,
    )}`,
  };
}

export function contributionSection(f: FrequencySummary, assets: Assets): Section {
  const masked = hasUnknownLabels(f);
  return {
    id: 'contributions',
    title: 'Weighted contributions',
    body: html`<p>With plain cross-entropy the many negatives of a rare finding drown its few positives. ${
      f.evensSides
        ? 'Each positive is therefore weighted by the share of negatives, each negative by the share of positives.'
        : `Weights in this training: ${f.weighting}.`
    }</p>
      ${assets.figure(
        'contributions',
        html`What positives and negatives of each class contribute to the loss, before and after weighting.${
          f.evensSides
            ? html` Before it the negatives rule; after it both sides weigh the same,
          freq<sub>+</sub> · w<sub>+</sub> = freq<sub>−</sub> · w<sub>−</sub>.`
            : null
        }`,
      )}
      <details><summary>The numbers</summary>${table(
        null,
        [
          { title: 'class' },
          ...(masked ? [{ title: 'known', numeric: true }] : []),
          { title: 'positives', numeric: true },
          { title: 'frequency', numeric: true },
          { title: 'weight of positives', numeric: true },
          { title: 'weight of negatives', numeric: true },
          ...(f.evensSides
            ? [{ title: 'contribution of each side', numeric: true }]
            : [
                { title: 'contribution of positives', numeric: true },
                { title: 'contribution of negatives', numeric: true },
              ]),
        ],
        f.labels.map((label, c) => [
          label,
          ...(masked ? [whole(f.known[c])] : []),
          whole(f.counts[c]),
          f.positive[c].toFixed(4),
          f.positiveWeights[c].toFixed(4),
          f.negativeWeights[c].toFixed(4),
          (f.positive[c] * f.positiveWeights[c]).toFixed(4),
          ...(f.evensSides ? [] : [(f.negative[c] * f.negativeWeights[c]).toFixed(4)]),
        ]),
      )}</details>`,
  };
}

const giga = (macs: number) => (macs > 0 && macs < 5e5 ? '< 0.001' : (macs / 1e9).toFixed(3));
const shape = (s: readonly number[]) => s.map(whole).join(' × ');

function modelPart(model: ModelSummary): Html {
  const { parameters } = model;
  return html`<p><b>${model.name}</b>, ${whole(model.layers)} layers, ${whole(parameters.total)} parameters
    (${whole(parameters.trainable)} trainable), ${(model.macs / 1e9).toPrecision(4)} billion multiply-accumulates for
    one image. Weights: ${model.weights}.</p>
    ${table(
      null,
      [
        { title: 'stage' },
        { title: 'what it does' },
        { title: 'output (h × w × c)', numeric: true },
        { title: 'parameters', numeric: true },
        { title: 'GMAC', numeric: true },
      ],
      [
        ['Input', html`<span class="quiet">normalised X-ray</span>`, shape(model.input), '', ''],
        ...model.stages.map((s) => [
          s.name,
          html`<span class="quiet">${s.detail}</span>`,
          shape(s.output),
          whole(s.parameters),
          giga(s.macs),
        ]),
      ],
      ['Total', '', '', whole(parameters.total), giga(model.macs)],
    )}`;
}

function epochsCaption({ epochs }: TrainingSummary): Html {
  const rate = 'learning rate of its last step.';
  if (epochs.every((e) => e.valAuc === null)) return html`Epoch by epoch: the ${rate}`;
  return html`Epoch by epoch. Left: the area under the ROC curve on the validation images, gray for each class, orange
    for their mean. Right: the ${rate}`;
}

function trainingPart(training: TrainingSummary, assets: Assets): Html {
  const { stopped, weightsEpoch, start } = training;
  const ending = [
    stopped === null ? '' : ` Stopped: ${stopped}.`,
    start ? ` Validation loss before the training: ${start.valLoss.toFixed(4)}.` : '',
    weightsEpoch === training.epochs.length
      ? ''
      : weightsEpoch === 0
        ? ' No epoch had a better one: the weights are those of before.'
        : ` The weights are those of epoch ${weightsEpoch}.`,
  ];
  const validated = training.epochs.some((e) => e.valLoss !== null);
  return html`<h3>Training</h3>
    <p>${training.optimizer}, batches of ${training.batchSize}, ${plural(training.stepLosses.length, 'step')} in
      ${plural(training.epochs.length, 'epoch')}.${ending.join('')}</p>
    ${training.layers.map((line) => html`<p>${line}.</p>`)}
    ${training.callbacks.length > 0 ? html`<p>Callbacks: ${training.callbacks.join('; ')}.</p>` : null}
    ${assets.figure(
      'loss',
      html`Loss: ${training.loss.title} (${training.loss.reduction}). Gray: each step, before its update. Blue: the mean
        of each epoch.${validated ? ' Orange: the loss on the validation images at the end of the epoch.' : ''}`,
    )}
    ${training.epochs.length > 1 ? assets.figure('epochs', epochsCaption(training)) : null}
    ${table(
      null,
      [
        { title: 'epoch' },
        { title: 'steps', numeric: true },
        { title: 'loss', numeric: true },
        { title: 'validation loss', numeric: true },
        { title: 'validation AUC', numeric: true },
        { title: 'learning rate', numeric: true },
        { title: 'time', numeric: true },
        { title: 'images/s', numeric: true },
      ],
      training.epochs.map((e) => [
        e.epoch,
        e.steps,
        e.loss.toFixed(4),
        e.valLoss === null ? '–' : e.valLoss.toFixed(4),
        e.valAuc === null ? '–' : e.valAuc.toFixed(4),
        e.learningRate === null ? '–' : String(Number(e.learningRate.toPrecision(4))),
        milliseconds(1000 * e.seconds),
        threeDigits(e.imagesPerSecond),
      ]),
    )}`;
}

export function modelSection(
  model: ModelSummary | null,
  training: TrainingSummary | null,
  assets: Assets,
): Section {
  return {
    id: 'model',
    title: model && training ? 'Model and training' : model ? 'Model' : 'Training',
    body: html`${model ? modelPart(model) : null}${training ? trainingPart(training, assets) : null}`,
  };
}
