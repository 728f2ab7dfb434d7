/** The Trainer's cards of data and progress. */
import { html, nothing, type TemplateResult } from 'lit';
import { icons } from '../../parts/icons.js';
import type { Series } from './lineChart.js';
import type { TrainerSession } from './session.js';
import type { DataFacts, Kept } from './types.js';
import './dataFigures.js';
import './lineChart.js';

/** Patients that are named. */
const SOME = 8;

export function leakageOf({ leaks }: DataFacts): TemplateResult {
  const bad = leaks.filter(({ patients, images }) => patients.length > 0 || images > 0);
  if (bad.length === 0) {
    const pairs = leaks.map(({ between }) => between.join(' and ')).join(', ');
    return html`<p class="message good" id="leakage">
      No leakage: no patient and no image is in two splits (${pairs}).
    </p>`;
  }
  return html`<div class="message bad" role="alert" id="leakage">
    <p>
      The splits leak. A network that has seen a patient while it learns recognises the patient: scores say too much.
    </p>
    ${bad.map(({ between, patients, images }) => {
      const more = patients.length > SOME ? ` and ${patients.length - SOME} more` : '';
      const who = patients.length > 0 ? ` (${patients.slice(0, SOME).join(', ')}${more})` : '';
      return html`<p>${between.join(' and ')}: ${patients.length} patients${who}, ${images} images in both.</p>`;
    })}
  </div>`;
}

export function dataCard(facts: DataFacts, isHeld: boolean, other: () => void): TemplateResult {
  return html`<section class="card" aria-label="Data">
    <div class="row">
      <h2>${facts.name}</h2>
      <span class="grow"></span>
      <button type="button" id="other-data" ?disabled=${isHeld} @click=${other}>Other data</button>
    </div>
    <table>
      <thead>
        <tr>
          <th scope="col">split</th>
          <th scope="col">images</th>
          <th scope="col">patients</th>
        </tr>
      </thead>
      <tbody>
        ${facts.splits.map(
          ({ name, images, patients }) => html`<tr>
            <th scope="row">${name}</th>
            <td>${images}</td>
            <td>${patients}</td>
          </tr>`,
        )}
      </tbody>
    </table>
    ${leakageOf(facts)} ${facts.warnings.map((warning) => html`<p class="message doubt">${warning}</p>`)}
  </section>`;
}

export function figuresCard(facts: DataFacts): TemplateResult {
  return html`<section class="card" aria-label="Class frequencies and contributions">
    <chexgpu-data-figures .facts=${facts}></chexgpu-data-figures>
  </section>`;
}

/** "2 of 3 epochs and step 5 of 10" */
export function placeOf({ epoch, step, steps, wishes }: Kept): string {
  const inside = step > 0 ? ` and ${step} of ${steps} steps` : '';
  return `${epoch} of ${wishes.epochs} epochs${inside}`;
}

function charts({ curves, wishes }: TrainerSession): TemplateResult {
  const { stepLosses, epochs } = curves;
  const steps: Series = {
    name: 'training step',
    colour: 'faint',
    points: stepLosses.map((loss, i) => [i + 1, loss]),
  };
  const means: Series = {
    name: 'mean of the epoch',
    colour: 0,
    dots: true,
    points: epochs.map(({ steps, loss }) => [steps, loss]),
  };
  const validation: Series = {
    name: 'validation',
    colour: 1,
    dots: true,
    points: epochs.flatMap(({ steps, valLoss }) => (valLoss === null ? [] : [[steps, valLoss] as const])),
  };
  const areas: Series = {
    name: 'validation AUC, mean over the findings',
    colour: 1,
    dots: true,
    points: epochs.flatMap((one, i) => (one.valAuc === null ? [] : [[i + 1, one.valAuc] as const])),
  };
  const last = epochs.at(-1);
  const said = last
    ? `Last epoch: loss ${last.loss.toFixed(4)}, validation loss ${last.valLoss?.toFixed(4) ?? 'unknown'}.`
    : '';
  const rules = epochs.map(({ steps }) => steps);
  const xMost = Math.max(2, stepLosses.length);
  const epochCount = Math.max(2, wishes?.epochs ?? 2, epochs.length);
  return html`<div class="charts">
    <div>
      <h3>Loss</h3>
      <chexgpu-line-chart
        .series=${[steps, means, validation]}
        .xRange=${[0.5, xMost + 0.5]}
        .rules=${rules}
        xTitle="training step"
        whole
        words="Loss over ${stepLosses.length} training steps. ${said}"
      ></chexgpu-line-chart>
    </div>
    <div>
      <h3>Area under the ROC curve</h3>
      <chexgpu-line-chart
        .series=${[areas]}
        .xRange=${[0.5, epochCount + 0.5]}
        xTitle="epoch"
        whole
        words="Validation AUC of ${epochs.length} epochs. ${last?.valAuc ? `Last: ${last.valAuc.toFixed(3)}.` : ''}"
      ></chexgpu-line-chart>
    </div>
  </div>`;
}

function statusOf({ step, validating, progress, state, curves }: TrainerSession): TemplateResult {
  const last = curves.epochs.at(-1);
  const validation = last?.valLoss
    ? `Validation: loss ${last.valLoss.toFixed(3)}, AUC ${last.valAuc?.toFixed(3) ?? 'unknown'}.`
    : '';
  if (state === 'done' || state === 'paused')
    return html`<div class="status"><span>${validation}</span></div>`;
  if (!step || (progress && progress.what !== 'Training')) {
    return html`<div class="status"><span>${progress?.what ?? 'Ready'} …</span></div>`;
  }
  const { epoch, epochs, step: at, steps, loss, learningRate, imagesPerSecond } = step;
  const doing = validating
    ? `validating, ${validating.step + 1} of ${validating.steps}`
    : `step ${at + 1} of ${steps}`;
  return html`<div class="status">
    <span>Epoch ${epoch + 1} of ${epochs}, ${doing}</span>
    <span>loss ${loss.toFixed(4)}</span>
    <span>rate ${Number(learningRate.toPrecision(3))}</span>
    <span>${imagesPerSecond.toFixed(1)} images/s</span>
    <span>${validation}</span>
  </div>`;
}

/** Said once per epoch to whoever does not see the curves. */
function epochWords({ curves: { epochs }, wishes }: TrainerSession): string {
  const last = epochs.at(-1);
  if (!last) return '';
  const { loss, valLoss, valAuc } = last;
  const validation = valLoss === null ? '' : `, validation loss ${valLoss.toFixed(3)}`;
  const area = valAuc === null ? '' : `, validation AUC ${valAuc.toFixed(3)}`;
  return `Epoch ${epochs.length} of ${wishes?.epochs} is over: loss ${loss.toFixed(3)}${validation}${area}.`;
}

function barOf({ step, progress, isBusy }: TrainerSession): TemplateResult | typeof nothing {
  if (!isBusy) return nothing;
  const isTraining = step && progress?.what === 'Training';
  const most = isTraining ? step.epochs * step.steps : progress?.total || nothing;
  const value = isTraining
    ? step.epoch * step.steps + step.step + 1
    : progress?.total
      ? progress.done
      : nothing;
  return html`<progress aria-label="Progress of the training" max=${most} value=${value}></progress>`;
}

export interface ProgressActs {
  pause(): void;
  stop(): void;
  goOn(stop: boolean): void;
  discard(): void;
}

export function progressCard(session: TrainerSession, acts: ProgressActs): TemplateResult | typeof nothing {
  const { state, kept, facts, isBusy, curves, notes, canTrain } = session;
  if (!isBusy && !kept && curves.stepLosses.length === 0) return nothing;
  const needsFolder = kept?.data.kind === 'folder' && !facts;
  return html`<section class="card" id="progress" aria-label="Training">
    <div class="row">
      <h2>
        ${
          kept
            ? `A training ${kept.isOver ? 'is kept here' : 'waits'}: ${placeOf(kept)}`
            : ({ pausing: 'Pausing …', stopping: 'Stopping …', done: 'Trained' }[state as string] ??
              'Training')
        }
      </h2>
      <span class="grow"></span>
      ${
        isBusy
          ? html`<button type="button" id="pause" ?disabled=${state !== 'training'} @click=${() => acts.pause()}>
                ${icons.pause} Pause
              </button>
              <button type="button" id="stop" ?disabled=${state !== 'training'} @click=${() => acts.stop()}>
                ${icons.stop} Stop and score
              </button>`
          : nothing
      }
      ${
        kept
          ? html`<button
                type="button"
                class="primary"
                id="go-on"
                ?disabled=${needsFolder || !canTrain}
                @click=${() => acts.goOn(false)}
              >
                ${icons.play} ${kept.isOver ? 'Show what it has learnt' : 'Go on'}
              </button>
              ${
                kept.isOver
                  ? nothing
                  : html`<button
                      type="button"
                      id="score"
                      ?disabled=${needsFolder || !canTrain}
                      @click=${() => acts.goOn(true)}
                    >
                      Score as it is
                    </button>`
              }
              <button type="button" id="discard" @click=${() => acts.discard()}>Discard</button>`
          : nothing
      }
    </div>
    ${
      needsFolder
        ? html`<p class="message doubt">
            It was trained on a folder of yours, of which nothing is kept here: give the same folder, and it goes on.
          </p>`
        : nothing
    }
    ${barOf(session)}
    <div role="status" aria-live="off">${statusOf(session)}</div>
    <p class="offscreen" role="status">${epochWords(session)}</p>
    ${curves.stepLosses.length > 0 ? charts(session) : nothing}
    ${
      notes.length > 0
        ? html`<ul class="notes" tabindex="0" aria-label="What callbacks said">
            ${notes.map((note) => html`<li>${note}</li>`)}
          </ul>`
        : nothing
    }
  </section>`;
}
