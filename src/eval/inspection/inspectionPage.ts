/** A page of everything that a network computes for one X-ray: complete in itself, no script, nothing loaded. */
import { milliseconds, percent, plural, whole } from '../../core/formatting.js';
import { FORMULAS } from '../../training/inspection/formulas.js';
import { htmlPage, type PageSection } from '../report/htmlPage.js';
import { type Html, type HtmlValue, html, trusted } from '../report/htmlTag.js';
import { table } from '../report/reportElements.js';
import type { InspectionData, LayerUnit, NetworkPart, ShownMap } from './inspectionData.js';
import { INSPECTION_CSS } from './inspectionStyle.js';
import { type LayerTime, layerCard, layerWords, shapeWords } from './layerCards.js';
import { shortNumber } from './mapNumbers.js';
import type { SpriteColours } from './mapSprite.js';
import { milliOf, networkMap, sharedOf, timesByPart } from './networkMap.js';

/** The complete document. */
export function inspectionPage(data: InspectionData): string {
  const { name, network, madeAt, version, command, mode } = data;
  const byLayer = mapsByLayer(data.maps);
  const shown = data.parts.filter(({ units }) =>
    units.some(({ layers }) => layers.some((l) => byLayer.has(l.name))),
  );
  const training = mode === 'training';
  return htmlPage({
    title: `${name} through ${network} – chexgpu`,
    css: INSPECTION_CSS,
    header: html`<header><h1>${training ? 'A training step' : 'A prediction'}, layer by layer</h1>
<p class="lead"><b>${network}</b>, ${plural(data.parameters, 'parameter')}, on <span class="word">${name}</span>. ${
      training
        ? 'In training mode: batch norms go by the statistics of this one image.'
        : 'Batch norms go by their moving averages.'
    } Weights: ${data.weights}. Computed on ${data.adapter}.</p>${
      data.notice ? html`<p class="notice" role="note">These weights: ${data.notice}.</p>` : null
    }</header>`,
    sections: [
      { id: 'image', title: 'The image, and what came out', body: outputs(data) },
      { id: 'network', title: 'The network at a glance', body: html`${networkMap(data)}${howToRead(data)}` },
      ...shown.map(
        (part): PageSection => ({ id: part.id, title: part.title, body: partBody(data, part, byLayer) }),
      ),
      { id: 'formulas', title: 'What is computed', body: formulas(data.maps) },
    ],
    footer: html`Made by chexgpu ${version}, ${madeAt.slice(0, 16).replace('T', ' ')} UTC, by <code>${command}</code>`,
  });
}

function howToRead({ chosen, drawn, maps, mode }: InspectionData): Html {
  const ramp = (colours: SpriteColours) => html`<span class="ramp ${colours}"></span>`;
  const gradients = maps.some(({ kind }) => kind.startsWith('gradient'));
  const derivative =
    ' A gradient says how the loss would rise with each number: a map is to fall where it is orange.';
  return html`<h3>How to read the layers below</h3>
<p>${chosen ? `Of the layers only those of ${chosen} are here. ` : null}A layer's maps are the tiles of one picture, one
per channel. Drawn are ${drawn} of its channels; the numbers are of all of them. Where there are numbers on both sides
of 0, blue is below, white is 0, orange above ${ramp('signed')}; where all are 0 or more, dark is 0 ${ramp('unsigned')}.
The numbers beside that are those at its ends, the same for all tiles of a picture. What is folded up is not
printed.${gradients ? derivative : null}${
    mode === 'training'
      ? null
      : ' Batch norms and ReLUs take no time of their own: what is behind computes them as it reads.'
  }</p>`;
}

/** Gradients of weights go with their layer. */
function mapsByLayer(maps: readonly ShownMap[]): Map<string, ShownMap[]> {
  const found = new Map<string, ShownMap[]>();
  for (const map of maps) {
    const { name, kind } = map;
    const layer = kind === 'gradient of weights' ? name.slice(0, name.lastIndexOf('/')) : name;
    found.set(layer, [...(found.get(layer) ?? []), map]);
  }
  return found;
}

function outputs({ image, name, normalised, outputs: all, loss, mode }: InspectionData): Html {
  const columns = [
    { title: 'Output' },
    { title: 'Logit', numeric: true },
    { title: 'Probability' },
    ...(loss
      ? [
          { title: 'Label', numeric: true },
          { title: 'Loss', numeric: true },
        ]
      : []),
  ];
  const rows = all.map(({ label, probability, logit, truth, loss: own }): HtmlValue[] => [
    label.replaceAll('_', ' '),
    shortNumber(logit),
    html`${probability.toFixed(4)}<span class="bar"><span class="forward" ${width(probability)}></span></span>`,
    ...(loss ? [String(truth), own === undefined ? '' : shortNumber(own)] : []),
  ]);
  const foot = loss ? ['Loss', '', '', '', shortNumber(loss.value)] : null;
  const said = loss
    ? `Loss: ${loss.title}, whose terms add up to ${shortNumber(loss.value)}.`
    : 'Logits are what the dense layer gives, probabilities what is made of them.';
  const { uri, width: wide, height } = image;
  const caption = mode === 'training' ? 'In training mode, so by the statistics of this image alone.' : null;
  return html`<div class="xray"><figure><div class="picture"><img src="${uri}" width="${wide}" height="${height}"
alt="The X-ray ${name} as the network gets it"></div><figcaption>${name} at ${wide}x${height} px, normalised
${normalised}.</figcaption></figure>${table(caption, columns, rows, foot)}</div>
<p>${said}</p>`;
}

function partBody(data: InspectionData, part: NetworkPart, byLayer: ReadonlyMap<string, ShownMap[]>): Html {
  const units = part.units.filter(({ layers }) => layers.some(({ name }) => byLayer.has(name)));
  const timeOf = layerTimes(data);
  const cards = (unit: LayerUnit, level: 3 | 4) =>
    unit.layers.map((layer) => layerCard(layer, byLayer.get(layer.name) ?? [], timeOf(layer.name), level));
  const words = html`<p>${partWords(part, byLayer)}${sharedWords(data, part)}</p>`;
  if (units.every(({ title }) => title === '')) return html`${words}${units.map((unit) => cards(unit, 3))}`;
  return html`${words}${units.map(
    (unit, i) =>
      html`<details class="unit"${i === 0 ? html` open` : null}><summary><h3>${unit.title}
<span class="what">${unitWords(unit, byLayer)}</span></h3></summary>${cards(unit, 4)}</details>`,
  )}`;
}

/** A share of 1 as the style of a bar. */
const width = (share: number): Html => trusted(`style="width:${(100 * share).toFixed(2)}%"`);

const mapOf = (byLayer: ReadonlyMap<string, ShownMap[]>, name: string | undefined, kind: string) =>
  byLayer.get(name ?? '')?.find((map) => map.kind === kind);

function unitWords({ layers }: LayerUnit, byLayer: ReadonlyMap<string, ShownMap[]>): string {
  const added = layers.findLast(({ kind }) => kind === 'conv');
  const joined = layers.findLast(({ kind }) => kind === 'concat');
  const [own, all] = [mapOf(byLayer, added?.name, 'conv'), mapOf(byLayer, joined?.name, 'concat')];
  if (own && all) return `adds ${plural(own.shape[3], 'channel')} to ${whole(all.shape[3] - own.shape[3])}`;
  return layers
    .filter(({ name }) => byLayer.has(name))
    .map(layerWords)
    .join(', ');
}

function partWords({ title, units }: NetworkPart, byLayer: ReadonlyMap<string, ShownMap[]>): string {
  const last = units.flatMap((unit) => unit.layers).at(-1);
  const map = mapOf(byLayer, last?.name, last?.kind ?? '');
  const gives = map ? ` It ends in ${shapeWords(map.shape)}.` : '';
  if (title.startsWith('Dense')) {
    return (
      `${plural(units.length, 'dense layer')}; each reads all that lies in the block's buffer and appends its own ` +
      `channels to it: batch norm, ReLU and a convolution, once or twice.${gives}`
    );
  }
  if (title.startsWith('Transition')) return `Between two blocks: fewer channels, half the sides.${gives}`;
  if (title === 'Stem') return `From the image to the first maps.${gives}`;
  return `From the last maps to one number per output.${gives}`;
}

/** What each layer's own dispatches took. */
function layerTimes({ times }: InspectionData): (name: string) => LayerTime | null {
  if (!times) return () => null;
  const all = milliOf(times.dispatches);
  return (name) => {
    const own = times.dispatches.filter(({ label }) => label === name);
    const [forward, back] = [false, true].map((way) => milliOf(own.filter((one) => one.back === way)));
    return { all, forward, back };
  };
}

/** What no single layer of a part took. */
function sharedWords({ times, parts }: InspectionData, part: NetworkPart): string {
  const shared = times ? sharedOf(timesByPart(times, parts).get(part.id) ?? []) : [];
  if (shared.length === 0) return '';
  const labels = [...new Set(shared.map(({ label }) => label))].join(', ');
  return ` ${milliseconds(milliOf(shared))} of its time belong to no single layer: ${labels}.`;
}

function formulas(maps: readonly ShownMap[]): Html {
  const kinds = [...new Set(maps.map(({ kind }) => kind))];
  const zero = maps.filter(({ kind }) => kind === 'relu').map(({ numbers }) => numbers.zeros);
  const mean = zero.reduce((sum, share) => sum + share, 0) / zero.length;
  return html`<p>Each kind of map once, x what a layer reads and y what it gives, [b,h,w,c] by image, row, column and
channel.${
    zero.length > 0 ? ` ReLUs closed ${percent(mean)} of what they read here, on average of the layers.` : ''
  }</p>
<dl class="formulas">${kinds.map(
    (kind) =>
      html`<dt>${kind}</dt><dd><code>${FORMULAS[kind].formula}</code><br>
<span class="quiet">${FORMULAS[kind].source}</span></dd>`,
  )}</dl>`;
}
