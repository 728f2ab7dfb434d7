/** The network at a glance: its parts with their time, and every dispatch as a bar. */
import { milliseconds, percent, plural, threeDigits } from '../../core/formatting.js';
import { type Html, html, trusted } from '../report/htmlTag.js';
import { table } from '../report/reportElements.js';
import type { InspectionData, NetworkPart, ShownDispatch, ShownTimes } from './inspectionData.js';

export const milliOf = (dispatches: readonly ShownDispatch[]) =>
  dispatches.reduce((sum, { ns }) => sum + ns / 1e6, 0);

/** Where dispatches go that belong to no part: the loss, checks of the numbers. */
const REST = 'rest';

/** What several layers share: gradients of weights, statistics of a block's buffer. */
const AND_ON = ' and on';
const SHARED = new RegExp(`${AND_ON}$|^block\\d+$`);

/** By the id of a part; what several layers share goes with the first of them, or with what stands before it. */
export function timesByPart({ dispatches }: ShownTimes, parts: readonly NetworkPart[]) {
  const partOf = new Map<string, string>();
  for (const { id, units } of parts) {
    for (const { name } of units.flatMap(({ layers }) => layers)) partOf.set(name, id);
  }
  const found = new Map(
    [...parts.map(({ id }) => id), REST].map((id): [string, ShownDispatch[]] => [id, []]),
  );
  let at = REST;
  for (const dispatch of dispatches) {
    const { label } = dispatch;
    const own = partOf.get(label.replace(SHARED, ''));
    at = own ?? (SHARED.test(label) ? at : REST);
    found.get(at)?.push(dispatch);
  }
  return found;
}

/** Those that belong to no single layer. */
export const sharedOf = (dispatches: readonly ShownDispatch[]) =>
  dispatches.filter(({ label }) => SHARED.test(label));

export function networkMap({ parts, times, mode, maps }: InspectionData): Html {
  const what = mode === 'training' ? 'training step, as far as its gradients' : 'prediction';
  const columns = [{ title: 'Part' }, { title: 'Gives [h,w,c]' }];
  const shapes = parts.map((part) => shapeOf(part, maps));
  const named = new Set(maps.map(({ name }) => name));
  // Its section is there where one of its layers is.
  const link = ({ id, title, units }: NetworkPart) =>
    units.some(({ layers }) => layers.some(({ name }) => named.has(name)))
      ? html`<a href="#${id}">${title}</a>`
      : title;
  if (!times) {
    const rows = parts.map((part, i) => [link(part), shapes[i]]);
    return table('Parts in the order of computation. Nothing was timed.', columns, rows);
  }
  const byPart = timesByPart(times, parts);
  const all = milliOf(times.dispatches);
  const most = Math.max(...[...byPart.values()].map(milliOf));
  const cells = (id: string) => {
    const own = byPart.get(id) ?? [];
    const [forward, back] = [false, true].map((way) => milliOf(own.filter((one) => one.back === way)));
    const both = forward + back;
    return [html`${bars(forward, back, most)}${milliseconds(both)}`, percent(all > 0 ? both / all : 0)];
  };
  const rows = parts.map((part, i) => [link(part), shapes[i], ...cells(part.id)]);
  const rest = mode === 'training' ? 'Loss, checks' : 'Probabilities';
  const ways = mode === 'training' ? ': forward dark, back light' : '';
  const caption = `Parts in the order of computation, with what each takes of the time of a ${what}${ways}.`;
  const timed = [...columns, { title: 'Time' }, { title: 'Share', numeric: true }];
  const foot = ['All', '', milliseconds(all), ''];
  rows.push([rest, '', ...cells(REST)]);
  return html`<div class="parts">${table(caption, timed, rows, foot)}</div>${strip(times, what)}`;
}

/** What the part's last layer gives, where that is shown. */
function shapeOf({ units }: NetworkPart, maps: InspectionData['maps']): string {
  const last = units.flatMap(({ layers }) => layers).at(-1);
  const map = maps.find(({ name, kind }) => name === last?.name && kind === last.kind);
  return map?.shape.slice(1).join('x') ?? '';
}

function bars(forward: number, back: number, most: number): Html {
  const width = (ms: number) => trusted(`style="width:${((100 * ms) / (most || 1)).toFixed(2)}%"`);
  return html`<span class="bar"><span class="forward" ${width(forward)}></span>
<span class="back" ${width(back)}></span></span>`;
}

const BAR = 6;
const HIGH = 90;

function strip(times: ShownTimes, what: string): Html {
  const { dispatches, byGpu, repeats } = times;
  const most = Math.max(...dispatches.map(({ ns }) => ns), 1);
  const width = BAR * dispatches.length;
  const rects = dispatches.map(({ ns, back, label, kernel }, i) => {
    const high = Math.max(0.5, (HIGH * ns) / most);
    return html`<rect class="${back ? 'back' : 'forward'}" x="${BAR * i}" y="${(HIGH - high).toFixed(1)}"
width="${BAR - 1}" height="${high.toFixed(1)}"><title>${label}, ${kernel}: ${milliseconds(ns / 1e6)}</title></rect>`;
  });
  const longest = dispatches.toSorted((a, b) => b.ns - a.ns).slice(0, 3);
  const named = longest.map(({ label, kernel, ns }) => `${label}, ${kernel} (${milliseconds(ns / 1e6)})`);
  const clock = byGpu
    ? "by the GPU's own clock"
    : 'by waiting for each, as this adapter has no timestamps: every time holds the way there and back';
  const shared = sharedOf(dispatches).some(({ label }) => label.endsWith(AND_ON))
    ? ' "X and on" is X with the like layers of its block behind it, in one dispatch.'
    : '';
  const flops = dispatches.reduce((sum, one) => sum + one.flops, 0);
  return html`<figure class="strip"><svg viewBox="0 0 ${width} ${HIGH}" preserveAspectRatio="none" role="img"
aria-label="A bar per dispatch, in order, as high as its time is long">${rects}</svg>
<figcaption>The ${plural(dispatches.length, 'dispatch', 'dispatches')} of the ${what}, in order, each as high as its
time: ${milliseconds(milliOf(dispatches))} summed up, ${threeDigits(flops / 1e9)} GFLOP, timed ${clock}; the median of
${plural(repeats, 'run')}. The longest: ${named.join('; ')}.${shared}</figcaption></figure>`;
}
