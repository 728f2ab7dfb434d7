/** A page of what a network said of some X-rays, complete in itself: what the Reader's report is. */
import { listOfStrings, requireArray, requireObject } from '../../core/arguments.js';
import { DataError } from '../../core/errors.js';
import { htmlPage } from '../report/htmlPage.js';
import { type Html, html } from '../report/htmlTag.js';
import { findings, table } from '../report/reportElements.js';
import { REPORT_CSS } from '../report/reportStyle.js';
import type { OperatingPointsFile } from '../scores/operatingPoints.js';

/** One X-ray with what was found. */
export interface Reading {
  readonly name: string;
  /** p[classes], 0..1. */
  readonly probabilities: ArrayLike<number>;
  /** Why it hardly is a frontal chest X-ray; see `frontalChest`. */
  readonly doubts: readonly string[];
  /** What a phantom was drawn with; null where nobody knows. */
  readonly truth: readonly string[] | null;
  /** Data URIs: the X-ray, a Grad-CAM over it. */
  readonly pictures: readonly { readonly uri: string; readonly caption: string }[];
}

/** What was read, by what. */
export interface Readings {
  readonly network: string;
  /** What whoever sees a result is to be told, as "trained on drawings; says nothing of a patient". */
  readonly trust: string;
  readonly labels: readonly string[];
  /** Side of the network's images, in pixels. */
  readonly size: number;
  readonly adapter: string;
  /** ISO 8601. */
  readonly madeAt: string;
  /** Null: no verdicts. */
  readonly points: Pick<OperatingPointsFile, 'rule' | 'images' | 'from' | 'points'> | null;
  readonly readings: readonly Reading[];
}

const plain = (label: string) => label.replaceAll('_', ' ');

function thresholdsOf({ labels, points }: Readings): (number | null)[] {
  return labels.map((label) => points?.points.find((point) => point.label === label)?.threshold ?? null);
}

function readingBody(readings: Readings, reading: Reading): Html {
  const { labels } = readings;
  const thresholds = thresholdsOf(readings);
  const rows = labels.map((label, c) => {
    const p = reading.probabilities[c];
    const point = thresholds[c];
    const verdict = point === null ? '' : p >= point ? html`<b>found</b>` : 'not found';
    return [plain(label), p.toFixed(3), point === null ? '' : point.toFixed(3), verdict];
  });
  const columns = [
    { title: 'Finding' },
    { title: 'Probability', numeric: true },
    { title: 'Operating point', numeric: true },
    { title: 'Verdict' },
  ];
  return html`${
    reading.doubts.length > 0
      ? html`<p class="notice" role="note">This hardly is a frontal chest X-ray: ${reading.doubts.join('; ')}.</p>`
      : null
  }<div class="maps">${reading.pictures.map(
    ({ uri, caption }) => html`<figure><div class="picture"><img src="${uri}" alt="${caption}"></div>
<figcaption>${caption}</figcaption></figure>`,
  )}</div>
${reading.truth ? html`<p>Drawn with: ${findings(reading.truth.map(plain))}.</p>` : null}
${table(null, columns, rows)}`;
}

/** Two pictures beside each other, larger than the run report's. */
const CSS = `${REPORT_CSS}
.maps { grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); margin-bottom: 1.2rem; }
`;

/**
 * The complete document: it loads nothing, and no script runs in it.
 * @throws DataError for readings with another number of probabilities than there are labels, or pictures that are no
 *   data URIs
 */
export function readingsPage(readings: Readings): string {
  requireObject('The readings', readings);
  const { network, trust, labels, size, adapter, madeAt, points } = readings;
  listOfStrings('The readings: labels', labels, 'name');
  requireArray('The readings: readings', readings.readings, 'with one per X-ray');
  for (const { name, probabilities, pictures } of readings.readings) {
    if (probabilities.length !== labels.length) {
      throw new DataError(`${name} has ${probabilities.length} probabilities for ${labels.length} labels.`);
    }
    const outside = pictures.find(({ uri }) => !uri.startsWith('data:image/'));
    if (outside) throw new DataError(`${name}: a picture is no data URI (${outside.uri.slice(0, 40)}).`);
  }
  const count = readings.readings.length;
  const said = points
    ? `Operating points: ${points.rule} on ${points.images} ${points.from}.`
    : 'There are no operating points for this network at this size, so no verdicts.';
  return htmlPage({
    title: 'Readings – chexgpu',
    css: CSS,
    header: html`<header><h1>${count === 1 ? 'One X-ray' : `${count} X-rays`}, read by ${network}</h1>
<p class="lead">The network was <b>${trust}</b>. ${madeAt.slice(0, 16).replace('T', ' ')}, images of ${size} px, on
${adapter}. ${said}</p></header>`,
    sections: readings.readings.map((reading, i) => ({
      id: `x${i + 1}`,
      title: reading.name,
      body: readingBody(readings, reading),
    })),
    footer: html`Made by chexgpu in the reader's own browser.`,
  });
}
