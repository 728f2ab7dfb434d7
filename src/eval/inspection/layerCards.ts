/** A layer on the page: its maps as tiles, its numbers, and the kernel that made them. */
import { milliseconds, percent, plural, whole } from '../../core/formatting.js';
import { type Html, type HtmlValue, html } from '../report/htmlTag.js';
import type { MapPicture, NormRanges, ShownLayer, ShownMap } from './inspectionData.js';
import { runWords, shortNumber } from './mapNumbers.js';

const layerId = (name: string): string => `layer-${name.replaceAll('/', '-')}`;

export function layerWords({ kind, kernel, stride }: ShownLayer): string {
  const window = `${kernel}x${kernel}`;
  const step = stride > 1 ? `, stride ${stride}` : '';
  const words: Record<ShownLayer['kind'], string> = {
    input: 'normalised input',
    zeropad: 'padding',
    conv: `${window} convolution${step}`,
    batchnorm: 'batch norm',
    relu: 'ReLU',
    maxpool: `${window} max pool${step}`,
    avgpool: `${window} average pool${step}`,
    concat: 'concatenation',
    gap: 'global average pool',
    dense: 'dense layer',
  };
  return words[kind];
}

/** `256 maps of 8x8`, `1,024 numbers`. */
export function shapeWords([, h, w, c]: readonly number[]): string {
  return h === 1 && w === 1 ? plural(c, 'number') : `${plural(c, 'map')} of ${h}x${w}`;
}

function rangeWords({ numbers }: Pick<ShownMap, 'numbers'>): string {
  const { least, greatest, mean, zeros, notFinite, count } = numbers;
  const bad = notFinite > 0 ? `, ${whole(notFinite)} of ${whole(count)} not finite` : '';
  const none = zeros > 0 ? `, ${percent(zeros)} zero` : '';
  return `${shortNumber(least)} to ${shortNumber(greatest)}, mean ${shortNumber(mean)}${none}${bad}`;
}

/** Milliseconds of a layer, and of all. */
export interface LayerTime {
  forward: number;
  back: number;
  all: number;
}

/** The layer with everything that was inspected of it; null where that is nothing. */
export function layerCard(
  layer: ShownLayer,
  maps: readonly ShownMap[],
  time: LayerTime | null,
  level: 3 | 4,
): Html | null {
  if (maps.length === 0) return null;
  const own = maps.find(({ kind }) => kind === layer.kind);
  const pictured = maps.filter(({ picture }) => picture);
  const title = html`<span class="word">${layer.name}</span> <span class="what">${layerWords(layer)}${
    own ? `, ${shapeWords(own.shape)}` : ''
  }${layer.parameters > 0 ? `; ${plural(layer.parameters, 'parameter')}` : ''}</span>`;
  return html`<article class="layer" id="${layerId(layer.name)}">
${level === 3 ? html`<h3>${title}</h3>` : html`<h4>${title}</h4>`}
<div class="tiles">${pictured.map((map) => tiles(map))}</div>
<dl class="made">${maps.map((map) => madeRow(map))}${own?.statistics ? normRow(own.statistics) : null}${timeRow(
    time,
    own,
  )}</dl>
</article>
`;
}

const isWeights = ({ kind }: ShownMap) => kind === 'gradient of weights';

/** What a map is called within its layer. */
function mapWords(map: ShownMap): string {
  if (isWeights(map)) return `Gradient of ${map.name.slice(map.name.lastIndexOf('/') + 1)}`;
  if (map.kind.startsWith('gradient of'))
    return map.shape[1] * map.shape[2] > 1 ? 'Gradient of the maps' : 'Gradient';
  if (map.kind.startsWith('gradient through')) return 'Passed back to what it reads';
  return map.shape[1] * map.shape[2] > 1 ? 'Maps' : 'Numbers';
}

function tiles(map: ShownMap): Html {
  const { uri, width, height } = map.picture!;
  const words = mapWords(map);
  const wide = Math.max(1, Math.min(4, Math.floor(544 / width)));
  return html`<figure><img src="${uri}" width="${wide * width}" height="${wide * height}"
alt="${words} of ${map.name}: ${shownWords(map)}, ${rangeWords(map)}"><figcaption><b>${words}</b>, ${shownWords(
    map,
  )}. ${scale(map.picture!)}</figcaption></figure>`;
}

function shownWords({ shape: [, h, w, c], picture }: ShownMap): string {
  const { channels, columns, averaged } = picture!;
  const inRows = channels.length > columns ? `, ${columns} in a row` : '';
  const first = channels.every((channel, i) => channel === i);
  const numbered = first ? `the first ${channels.length}` : `channels ${runWords(channels)}`;
  const all =
    channels.length === c && first ? `all ${plural(c, 'channel')}` : `${numbered} of ${whole(c)} channels`;
  const mean = averaged > 1 ? `, a pixel the mean of up to ${averaged}x${averaged} of ${h}x${w} values` : '';
  return `${all}${inRows}${mean}`;
}

function scale({ colours, low, high, beyond }: MapPicture): Html {
  const more = beyond > 0 ? html` <span class="quiet">(${percent(beyond)} beyond)</span>` : null;
  const ramp = html`<span class="ramp ${colours}"></span>`;
  return html`<span class="scale">${shortNumber(low)} ${ramp} ${shortNumber(high)}</span>${more}`;
}

function madeRow(map: ShownMap): Html {
  return html`<div><dt>${mapWords(map)} <span class="shape">[${map.shape.join(',')}]</span></dt><dd>${rangeWords(map)}
<span class="by">${byWhat(map)}</span></dd></div>`;
}

function byWhat({ kernel, file, constants, beside, kind, addends }: ShownMap): HtmlValue {
  const sum = addends ? html` Sum of what ${addends.join(', ')} pass back.` : null;
  if (!kernel || !file) {
    return kind === 'concat'
      ? "No kernel: the new channels lie behind the others in the block's one buffer."
      : html`No kernel made it.${sum}`;
  }
  const set = Object.entries(constants).map(([name, value]) => `${name} ${value}`);
  const constant = set.length > 0 ? ` with ${set.join(', ')}` : '';
  const by = html`<code>${kernel}</code> in <code>${file}</code>${constant}`;
  return beside
    ? html`Made for this page by ${by}: the pass itself never stores it.${sum}`
    : html`Made by ${by}.${sum}`;
}

function normRow({ by, mean, variance, gamma, beta }: NormRanges): Html {
  const range = ([least, greatest]: readonly number[]) => `${shortNumber(least)} to ${shortNumber(greatest)}`;
  return html`<div><dt>Went by ${by === 'batch' ? 'this batch' : 'moving averages'}</dt><dd>mean ${range(
    mean,
  )}, variance ${range(variance)}; gamma ${range(gamma)}, beta ${range(beta)}</dd></div>`;
}

function timeRow(time: LayerTime | null, own: ShownMap | undefined): Html | null {
  if (!time) return null;
  const { forward, back, all } = time;
  const share = (ms: number) => `${milliseconds(ms)} (${percent(all > 0 ? ms / all : 0)} of all)`;
  const none = own?.beside ? 'none of its own: another kernel computes it while it reads' : 'none of its own';
  const ways = [forward > 0 ? `${share(forward)} forward` : null, back > 0 ? `${share(back)} back` : null];
  const said = ways.filter((way) => way !== null).join(', ');
  return html`<div><dt>Time</dt><dd>${said || none}</dd></div>`;
}
