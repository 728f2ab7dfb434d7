/**
 * `<chexgpu-training-results>`: ROC curves and areas of the test images, Grad-CAM of each, and files to save. Sends
 * `image`, `explain` and `save` with what is wanted.
 */
import type { EvaluationResult } from 'chexgpu';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { tables } from '../../parts/frame.js';
import { icons } from '../../parts/icons.js';
import { stepper, stepperStyles } from '../../parts/stepper.js';
import { controls, tokens } from '../../parts/tokens.js';
import type { Explained } from '../reader/types.js';
import { words } from '../reader/words.js';
import type { Series } from './lineChart.js';
import type { Results, TestImage } from './types.js';
import '../reader/findings.js';
import '../reader/viewer.js';
import './lineChart.js';

const three = (value: number | null) => (value === null ? '–' : value.toFixed(3));

@customElement('chexgpu-training-results')
export class TrainingResultsView extends LitElement {
  static override styles = [
    tokens,
    controls,
    tables,
    stepperStyles,
    css`
      :host {
        display: grid;
        gap: 22px;
        container-type: inline-size;
      }
      h3 {
        font-size: 14px;
        font-weight: 650;
      }
      section {
        display: grid;
        gap: 12px;
        min-width: 0;
      }
      .pair {
        display: grid;
        gap: 20px 28px;
        grid-template-columns: minmax(0, 1fr);
        align-items: start;
      }
      .scroll {
        overflow-x: auto;
      }
      th,
      td {
        white-space: nowrap;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
      }
      @container (min-width: 700px) {
        .pair {
          grid-template-columns: minmax(0, 1fr) minmax(300px, 370px);
        }
      }
    `,
  ];

  @property({ attribute: false }) accessor results: Results | null = null;
  @property({ attribute: false }) accessor image: TestImage | null = null;
  @property({ attribute: false }) accessor map: Explained | null = null;
  @property({ type: Number }) accessor imageIndex = 0;
  @property({ type: Number }) accessor classIndex = 0;

  private say(name: 'image' | 'explain' | 'save', detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  private renderCurves({ classes, best, meanAuc, samples }: EvaluationResult): TemplateResult {
    const series = classes
      .flatMap(({ name, curve, auc }): (Series & { place: number })[] => {
        if (!curve) return [];
        const place = best.indexOf(name);
        const points = curve.fpr.map((fpr, i) => [fpr, curve.tpr[i]] as const);
        return place < 0
          ? [{ name, points, colour: 'faint', unnamed: true, place: classes.length }]
          : [{ name: `${words(name)} ${three(auc)}`, points, colour: place, place }];
      })
      // The best last, over the others; the legend has them first.
      .sort((a, b) => b.place - a.place);
    const legend = [...series].sort((a, b) => a.place - b.place);
    return html`<section aria-label="ROC curves">
      <h3>ROC curves of ${samples} test images</h3>
      <chexgpu-line-chart
        .series=${legend}
        .xRange=${[0, 1]}
        .yRange=${[0, 1]}
        .height=${360}
        xTitle="false positive rate"
        diagonal
        words="ROC curves. Mean area ${three(meanAuc)}; best: ${best.map(words).join(', ')}."
      ></chexgpu-line-chart>
      <p class="quiet">
        Up: true positive rate. In colour the four best findings, pale the others; dashed, what guessing gives.
      </p>
    </section>`;
  }

  private renderAreas({ classes, meanAuc, samples }: EvaluationResult): TemplateResult {
    const undefinedOnes = classes.flatMap(({ name, reason }) =>
      reason ? [`${words(name)} (${reason})`] : [],
    );
    return html`<section aria-label="Areas under the curves">
      <h3>Mean AUC ${three(meanAuc)}</h3>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">finding</th>
              <th scope="col">with it</th>
              <th scope="col">AUC</th>
              <th scope="col">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            ${classes.map(
              ({ name, positives, auc, interval }) => html`<tr>
                <th scope="row">${words(name)}</th>
                <td>${positives}</td>
                <td>${three(auc)}</td>
                <td>${interval ? `${interval.low.toFixed(2)}–${interval.high.toFixed(2)}` : '–'}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${
        undefinedOnes.length > 0
          ? html`<p class="quiet">Undefined, and not in the mean: ${undefinedOnes.join('; ')}.</p>`
          : nothing
      }
      ${samples < 100 ? html`<p class="quiet">Of so few images an area says little: see its interval.</p>` : nothing}
    </section>`;
  }

  private renderMaps({ testImages, evaluation }: Results): TemplateResult {
    const { image, map, imageIndex, classIndex } = this;
    const labels = evaluation.classes.map(({ name }) => name);
    return html`<section aria-label="Grad-CAM of test images">
      <div class="row">
        <h3>Grad-CAM of test images</h3>
        ${stepper('test image', imageIndex, testImages.length, (by) => this.say('image', imageIndex + by))}
      </div>
      <div class="pair">
        <div>
          <chexgpu-viewer
            .bitmap=${image?.bitmap ?? null}
            .map=${map}
            .name=${image?.name ?? ''}
            .label=${labels[classIndex]}
            .boxes=${image?.boxes ?? []}
            .waitsFor=${map ? '' : 'Grad-CAM …'}
          ></chexgpu-viewer>
        </div>
        <div>
          <chexgpu-findings
            .labels=${labels}
            .probabilities=${image?.probabilities ?? null}
            .selected=${classIndex}
            .truth=${image?.boxes.length ? image.truth : []}
            @explain=${(event: CustomEvent<number>) => this.say('explain', event.detail)}
          ></chexgpu-findings>
          <p class="quiet">
            ${image ? html`By its labels: ${image.truth.map(words).join(', ') || 'no finding'}.` : nothing} Choose a
            finding to see where it comes from.
          </p>
        </div>
      </div>
    </section>`;
  }

  private renderFiles({ files, weights, stopped }: Results): TemplateResult {
    return html`<section aria-label="Files">
      <h3>Take it with you</h3>
      <p class="quiet">${weights} ${stopped ? `It ended before its last epoch: ${stopped}.` : ''}</p>
      <div class="row">
        <button type="button" class="primary" id="keras" @click=${() => this.say('save', { kind: 'keras2' })}>
          ${icons.save} Keras HDF5
        </button>
        <button
          type="button"
          class="primary"
          id="safetensors"
          @click=${() => this.say('save', { kind: 'safetensors' })}
        >
          ${icons.save} safetensors
        </button>
        ${files.map(
          ({ name }) => html`<button type="button" @click=${() => this.say('save', { name })}>
            ${icons.save} ${name}
          </button>`,
        )}
      </div>
      <p class="quiet">
        Both say their labels and how pixels are prepared: drop one into the Reader, or give it to
        <code>chexgpu predict --weights</code>. Keras loads the HDF5 with <code>load_weights</code>.
      </p>
    </section>`;
  }

  override render(): TemplateResult | typeof nothing {
    const { results } = this;
    if (!results) return nothing;
    return html`
      <div class="pair">${this.renderCurves(results.evaluation)} ${this.renderAreas(results.evaluation)}</div>
      ${this.renderMaps(results)} ${this.renderFiles(results)}
    `;
  }
}
