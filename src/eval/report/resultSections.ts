/** The report's sections after the training: ROC curves, Grad-CAM, timings. */
import { duration, milliseconds, percent, plural, threeDigits, whole } from '../../core/formatting.js';
import { JET } from '../explain/colormap.js';
import type { EvaluationResult } from '../scores/evaluate.js';
import { type Html, type HtmlValue, html } from './htmlTag.js';
import type { GradcamRow, PhaseTiming, PointingSummary, RunInfo } from './reportData.js';
import { type Assets, findings, picture, type Section, table } from './reportElements.js';

export function rocSection(evaluation: EvaluationResult, assets: Assets): Section {
  const { classes, meanAuc, samples, best, undefinedClasses } = evaluation;
  const missing = undefinedClasses.length
    ? html` Not drawn, because one label only occurs: ${undefinedClasses.join(', ')}.`
    : null;
  const defined = classes.length - undefinedClasses.length;
  return {
    id: 'roc',
    title: 'ROC curves',
    body: html`${assets.figure(
      'roc',
      html`ROC curves on ${plural(samples, 'image')}. A curve shows, for every threshold, the share of positives found
        against the share of false alarms; the dashed diagonal is what guessing gives.${missing}`,
    )}
    ${assets.figure(
      'auc',
      html`Area under each curve (dot) with its 95 % interval (bar, DeLong's method). Few positives make long bars:
        differences inside them mean little.`,
    )}
    ${table(
      null,
      [
        { title: 'class' },
        { title: 'positives', numeric: true },
        { title: 'negatives', numeric: true },
        { title: 'AUC', numeric: true },
        { title: '95 % interval', numeric: true },
        { title: 'average precision', numeric: true },
        { title: 'frequency', numeric: true },
      ],
      classes.map((k) => [
        k.name,
        whole(k.positives),
        whole(k.negatives),
        k.auc === null ? html`<span class="bad" title="${k.reason}">undefined</span>` : k.auc.toFixed(3),
        k.interval ? `${k.interval.low.toFixed(3)} – ${k.interval.high.toFixed(3)}` : '–',
        k.averagePrecision === null ? '–' : k.averagePrecision.toFixed(3),
        k.positives + k.negatives > 0 ? percent(k.positives / (k.positives + k.negatives), 1) : '–',
      ]),
      meanAuc === null
        ? null
        : [
            defined === classes.length ? 'Mean' : `Mean of ${defined} classes`,
            '',
            '',
            meanAuc.toFixed(3),
            '',
            '',
            '',
          ],
    )}
    ${
      undefinedClasses.length
        ? html`<p>Undefined: ${classes.flatMap((k) => (k.reason ? [`${k.name} (${k.reason})`] : [])).join('; ')}.</p>`
        : null
    }
    ${defined ? html`<p>Best classes: ${best.join(', ')}.</p>` : null}`,
  };
}

function jetBar(): Html {
  const stops = Array.from({ length: 17 }, (_, i) => Math.min(255, i * 16)).map(
    (i) => `rgb(${JET[i * 3]} ${JET[i * 3 + 1]} ${JET[i * 3 + 2]})`,
  );
  return html`<p class="jet">little <span style="background: linear-gradient(90deg, ${stops.join(', ')})"></span> much
    weight in the decision</p>`;
}

export interface CaseUris {
  original: string;
  maps: string[];
}

function pointingTable({ classes, all, threshold }: PointingSummary): Html {
  return html`<h3>Does it point at what it finds?</h3>
    <p>The warmest pixel lies in the finding's box for <b>${percent(all.hits / all.maps, 1)}</b> of the
      ${plural(all.maps, 'true positive')} above ${threshold} among the test images; a pixel chosen by chance would
      for ${percent(all.chance, 1)}, the mean area of the boxes.</p>
    ${table(
      null,
      [
        { title: 'class' },
        { title: 'true positives', numeric: true },
        { title: 'peak in its box', numeric: true },
        { title: 'by chance', numeric: true },
      ],
      classes.map(({ label, maps, hits, chance }) => [
        label,
        maps,
        percent(hits / maps, 1),
        percent(chance, 1),
      ]),
    )}`;
}

export function gradcamSection(
  rows: GradcamRow[],
  uris: CaseUris[],
  pointing: PointingSummary | undefined,
): Section {
  const boxed = rows.some((row) => row.boxes.length > 0);
  const title = (label: string, p: number) => `${label}: p=${p.toFixed(3)}`;
  const oneCase = (row: GradcamRow, r: number) => {
    const { width, height } = row.image;
    return html`<div class="case"><h3><code>${row.file}</code><span class="quiet">true labels:
      ${findings(row.labels)}</span></h3><div class="maps">
      <figure>${picture(uris[r].original, `Chest X-ray ${row.file}`, width, height, row.boxes)}<figcaption>
        <b>Original</b></figcaption></figure>
      ${row.maps.map((map, m) => {
        const alt = `${row.file} with the Grad-CAM of ${title(map.label, map.probability)}`;
        const boxes = row.boxes.filter((b) => b.label === map.label);
        return html`<figure>${picture(uris[r].maps[m], alt, width, height, boxes)}<figcaption>
          <b>${title(map.label, map.probability)}</b>${
            row.labels.includes(map.label) ? html`<span class="true">labelled</span>` : null
          }${map.empty ? html`<br>map is empty: nothing speaks for it` : null}</figcaption></figure>`;
      })}</div></div>`;
  };
  return {
    id: 'gradcam',
    title: 'Grad-CAM',
    body: html`<p>Where the network looks for a finding: the last feature maps, weighted by how much each of them moves
      the ${rows[0]?.maps[0]?.score === 'logit' ? 'logit' : 'probability'}, laid over the X-ray. The colour is as strong
      as the probability (opacity min(0.5, p)), so an unlikely finding is barely tinted. A warm spot is no proof of a
      finding.${boxed ? ' White dashed frames: where the finding truly is.' : ''}</p>
      ${pointing && pointing.all.maps > 0 ? pointingTable(pointing) : null}${jetBar()}${rows.map(oneCase)}`,
  };
}

/** A command line that breaks between its words only. */
const words = (text: string) => text.split(' ').map((word) => html`<span class="word">${word}</span> `);

export function timingSection(timings: PhaseTiming[], run: RunInfo, assets: Assets): Section {
  const total = timings.reduce((sum, t) => sum + t.seconds, 0);
  const pairs = (entries: [string, HtmlValue][]) =>
    entries.length
      ? html`<div class="table"><table><tbody>${entries.map(
          ([key, value]) => html`<tr><th scope="row">${key}</th><td>${value}</td></tr>`,
        )}</tbody></table></div>`
      : null;
  return {
    id: 'timings',
    title: 'Timings and surroundings',
    body: html`${assets.figure('timings', html`Time spent in each phase; phases that overlap are counted in full.`)}
      ${
        timings.length
          ? table(
              null,
              [
                { title: 'phase' },
                { title: 'time', numeric: true },
                { title: 'share', numeric: true },
                { title: 'images', numeric: true },
                { title: 'images/s', numeric: true },
              ],
              timings.map((t) => [
                t.phase,
                milliseconds(1000 * t.seconds),
                total > 0 ? percent(t.seconds / total, 1) : '–',
                t.images === null ? '–' : whole(t.images),
                t.images === null || t.seconds === 0 ? '–' : threeDigits(t.images / t.seconds),
              ]),
            )
          : null
      }
      <h3>To repeat this run</h3>
      <pre><code>${words(run.command)}</code></pre>
      ${pairs([
        ['adapter', `${run.adapter.name}${run.adapter.software ? ' (software)' : ''}`],
        ['driver', run.adapter.driver],
        ['chosen because', run.adapter.reason],
        ['seed', run.seed === null ? 'none' : String(run.seed)],
        ['started', run.startedAt],
        ['took', duration(run.seconds)],
        ...Object.entries(run.settings),
        ...Object.entries(run.versions).map(([name, version]): [string, string] => [
          `version of ${name}`,
          version,
        ]),
      ])}`,
  };
}
