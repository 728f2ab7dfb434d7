/** `<chexgpu-cam-steps>`: Grad-CAM put together step by step, out of what the GPU computed for the picture. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { frame } from '../../../parts/frame.js';
import { controls, tokens } from '../../../parts/tokens.js';
import { number } from '../parts/numbers.js';
import type { ExplorerSession } from '../session.js';
import type { Opened } from '../types.js';
import { type CamPlace, readCam, STEPS, writeCam } from './camPlace.js';
import { camStyles } from './camStyles.js';
import { heat, sheetOfSum, tiles, weightBars } from './pictures.js';
import type { CamSteps } from './types.js';
import './heatPicture.js';

@customElement('chexgpu-cam-steps')
export class ChexgpuCamSteps extends LitElement {
  static override styles = [tokens, controls, frame, camStyles];

  @property({ attribute: false }) accessor session: ExplorerSession | null = null;
  @property({ attribute: false }) accessor version = 0;
  @state() private accessor steps: CamSteps | null = null;
  @state() private accessor failure = '';
  @state() private accessor playing = false;
  private asked = '';
  private subject: Opened | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  private get place(): CamPlace {
    return readCam(this.session?.place.more ?? {});
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop();
  }

  override willUpdate(): void {
    const { session, place } = this;
    if (!session) return;
    const { opened } = session;
    const asked = { output: session.place.output, score: place.score };
    const key = JSON.stringify(asked);
    if (opened === this.subject && key === this.asked) return;
    if (opened !== this.subject) this.stop();
    this.subject = opened;
    this.asked = key;
    this.steps = null;
    this.failure = '';
    if (!opened || opened.recorded) return;
    const isAsked = () => key === this.asked && opened === this.subject;
    session.worker.call('cam', asked).then(
      (steps) => {
        if (isAsked()) this.steps = steps;
      },
      (error: Error) => {
        if (isAsked()) this.failure = error.message;
      },
    );
  }

  private go(change: Partial<CamPlace>): void {
    const { session } = this;
    session?.go({ more: writeCam(session.place.more, change) }, { replace: 'sum' in change });
  }

  /** The sum grows by itself, two pictures a second. */
  private play(): void {
    const { counts = [] } = this.steps ?? {};
    this.playing = true;
    this.go({ sum: 0 });
    this.timer = setInterval(() => {
      const next = this.place.sum + 1;
      if (next < counts.length) this.go({ sum: next });
      if (next >= counts.length - 1) this.stop();
    }, 500);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.playing = false;
  }

  override render(): TemplateResult {
    const { session, steps, failure, place } = this;
    if (!session) return html``;
    if (session.opened?.recorded) {
      return html`<p class="message doubt">There is no WebGPU here, and no Grad-CAM.</p>`;
    }
    const { title, words } = STEPS[place.step - 1];
    // A link may name an output that there is not: the steps say whose they are.
    const classIndex = steps?.classIndex ?? session.place.output;
    return html`<div class="cam" data-state=${steps ? 'there' : 'waiting'}>
      <div class="card bar">
        <label class="field"
          >Class
          <select
            id="output"
            .value=${live(String(classIndex))}
            @change=${(event: Event) => session.go({ output: Number((event.target as HTMLSelectElement).value) })}
          >
            ${(session.opened?.labels ?? []).map(
              (label, k) => html`<option value=${k} ?selected=${k === classIndex}>${label}</option>`,
            )}
          </select>
        </label>
        <label class="field"
          >Score
          <select
            id="score"
            .value=${live(place.score)}
            @change=${(event: Event) =>
              this.go({ score: (event.target as HTMLSelectElement).value as CamPlace['score'] })}
          >
            <option value="sigmoid" ?selected=${place.score === 'sigmoid'}>probability</option>
            <option value="logit" ?selected=${place.score === 'logit'}>logit</option>
          </select>
        </label>
        ${steps ? html`<span class="quiet">p = ${number(steps.probability)}</span>` : nothing}
      </div>
      <ol class="steps" aria-label="Steps of Grad-CAM">
        ${STEPS.map(
          (one, i) =>
            html`<li>
              <button
                type="button"
                aria-pressed=${i + 1 === place.step ? 'true' : 'false'}
                aria-current=${i + 1 === place.step ? 'step' : 'false'}
                @click=${() => this.go({ step: i + 1 })}
              >
                ${i + 1}. ${one.title}
              </button>
            </li>`,
        )}
      </ol>
      <section class="card" aria-label=${title}>
        <h2>${place.step}. ${title}</h2>
        <p>${words}</p>
        ${failure ? html`<p class="message bad" role="alert">${failure}</p>` : nothing}
        ${steps ? this.body(session, steps, place) : failure ? nothing : html`<p class="quiet">Computing …</p>`}
        <div class="row">
          <button type="button" ?disabled=${place.step === 1} @click=${() => this.go({ step: place.step - 1 })}>
            Back
          </button>
          <button
            type="button"
            id="next"
            class="primary"
            ?disabled=${place.step === STEPS.length}
            @click=${() => this.go({ step: place.step + 1 })}
          >
            ${place.step === STEPS.length ? 'Done' : `On to ${STEPS[place.step].title.toLowerCase()}`}
          </button>
        </div>
      </section>
    </div>`;
  }

  private body(session: ExplorerSession, steps: CamSteps, place: CamPlace): TemplateResult {
    switch (place.step) {
      case 1:
        return tiles(steps, steps.maps, 'A');
      case 2:
        return tiles(steps, steps.gradients, 'dscore/dA');
      case 3:
        return weightBars(steps);
      case 4:
        return this.growing(steps, place);
      default:
        return heat(session, steps, place.step);
    }
  }

  private growing(steps: CamSteps, place: CamPlace): TemplateResult {
    const { counts, channels } = steps;
    const last = counts.length - 1;
    const at = place.sum < 0 ? last : Math.min(place.sum, last);
    const count = counts[at];
    return html`<div class="row">
        <label class="field grow"
          >Channels
          <input
            id="sum"
            type="range"
            min="0"
            max=${last}
            .value=${String(at)}
            aria-valuetext=${`${count} of ${channels} channels`}
            @input=${(event: Event) => this.go({ sum: Number((event.target as HTMLInputElement).value) })}
          />
          <output>${count} of ${channels}</output>
        </label>
        <button type="button" ?disabled=${last === 0} @click=${() => (this.playing ? this.stop() : this.play())}>
          ${this.playing ? 'Stop' : 'Let it grow'}
        </button>
      </div>
      ${sheetOfSum(steps, at)}`;
  }
}
