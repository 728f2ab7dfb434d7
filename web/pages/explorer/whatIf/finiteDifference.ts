/**
 * `<chexgpu-finite-difference>`: one weight moved up and down by h, the two losses, and their quotient beside the
 * gradient that the backward pass gives.
 */
import { html, LitElement, nothing, svg, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { percent } from '../../../../src/core/formatting.js';
import { frame, tables } from '../../../parts/frame.js';
import { controls, tokens } from '../../../parts/tokens.js';
import { exact, number } from '../parts/numbers.js';
import type { ExplorerSession } from '../session.js';
import type { Opened } from '../types.js';
import type { CheckedWeight } from './types.js';
import { differenceStyles } from './whatIfStyles.js';

const WIDTH = 360;
const HEIGHT = 170;
const EDGE = 34;
/** As the address says them. */
const STEPS = [0.1, 0.01, 0.001, 0.0001, 0.00001].map(String);

@customElement('chexgpu-finite-difference')
export class ChexgpuFiniteDifference extends LitElement {
  static override styles = [tokens, controls, frame, tables, differenceStyles];

  @property({ attribute: false }) accessor session: ExplorerSession | null = null;
  @property({ attribute: false }) accessor version = 0;
  @state() private accessor checked: CheckedWeight | null = null;
  @state() private accessor busy = false;
  @state() private accessor failure = '';
  private asked = '';
  private subject: Opened | null = null;

  private control = new AbortController();

  /** `h=auto` or a number in the address: it is computed. */
  private get step(): string | null {
    return this.session?.place.more.h ?? null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.control.abort();
  }

  override willUpdate(): void {
    const { session, step } = this;
    if (!session) return;
    const { opened, place } = session;
    const key = step === null ? '' : `${place.weight} ${step}`;
    if (opened === this.subject && key === this.asked) return;
    this.subject = opened;
    this.asked = key;
    this.control.abort();
    this.control = new AbortController();
    this.checked = null;
    this.failure = '';
    this.busy = false;
    if (!opened || opened.recorded || step === null) return;
    void this.compute(session, place.weight, Number(step) > 0 ? Number(step) : null);
  }

  private async compute({ worker }: ExplorerSession, text: string, step: number | null): Promise<void> {
    const { signal } = this.control;
    this.busy = true;
    try {
      const checked = await worker.call('checkGradient', { text, step }, { signal });
      if (signal.aborted) return;
      this.checked = checked;
    } catch (error) {
      if (signal.aborted) return;
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.busy = false;
  }

  private ask(change: { weight?: string; h?: string }): void {
    const { session } = this;
    if (!session) return;
    const { h = this.step ?? 'auto', weight = session.place.weight } = change;
    // Computed anew where it was asked for before, as after an error.
    this.asked = '';
    session.go({ weight, more: { ...session.place.more, h } });
  }

  /** Written back as it is asked for; an emptied field holds what it held. */
  private typed(input: HTMLInputElement): void {
    const weight = input.value.trim() || (this.session?.place.weight ?? '');
    input.value = weight;
    this.ask({ weight });
  }

  override render(): TemplateResult {
    const { session, checked, busy, failure, step } = this;
    if (!session) return html``;
    const own = Number(step) > 0 ? String(step) : null;
    // A link may ask for another.
    const steps = [...new Set([...STEPS, ...(own ? [own] : [])])];
    return html`<section class="card" aria-label="Is the gradient right?" data-busy=${busy ? 'yes' : 'no'}>
      <h2>Is the gradient right? A finite difference</h2>
      <p class="quiet">
        The weight is moved up and down by h, and the loss computed anew each time. (L(w + h) − L(w − h)) / 2h is
        what dL/dw of the backward pass has to be, but for rounding and the curve of the loss.
      </p>
      <div class="row">
        <label class="field"
          >Weight
          <input
            id="weight"
            type="text"
            spellcheck="false"
            .value=${session.place.weight}
            @change=${(event: Event) => this.typed(event.target as HTMLInputElement)}
        /></label>
        <label class="field"
          >h
          <select
            id="h"
            .value=${live(own ?? 'auto')}
            @change=${(event: Event) => this.ask({ h: (event.target as HTMLSelectElement).value })}
          >
            <option value="auto" ?selected=${own === null}>chosen for it</option>
            ${steps.map((h) => html`<option value=${h} ?selected=${own === h}>${h}</option>`)}
          </select>
        </label>
        <button type="button" id="difference" class="primary" ?disabled=${busy} @click=${() => this.ask({})}>
          Compute it
        </button>
        ${busy ? html`<span class="quiet" role="status">Three passes over the network …</span>` : nothing}
      </div>
      ${failure ? html`<p class="message bad" role="alert">${failure}</p>` : nothing}
      ${checked ? result(checked) : nothing}
    </section>`;
  }
}

function result(checked: CheckedWeight): TemplateResult {
  const { title, value, step, losses, gradient, difference, relative, noise } = checked;
  const within = Math.abs(gradient - difference) <= noise;
  const verdict =
    gradient === 0 && difference === 0
      ? 'Both are 0: the loss does not depend on this weight here.'
      : `They differ by ${percent(relative)} of the larger one${
          within ? `, which rounding alone explains (up to ${number(noise, 2)})` : ''
        }.`;
  const rows: [string, number, number][] = [
    ['w − h', value - step, losses.minus],
    ['w', value, losses.at],
    ['w + h', value + step, losses.plus],
  ];
  return html`<div class="found">
    <div>
      <table>
        <caption>
          ${title}, h = ${number(step)}
        </caption>
        <thead>
          <tr>
            <th scope="col">Place</th>
            <th scope="col">Weight</th>
            <th scope="col">Loss</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([what, w, loss]) =>
              html`<tr><th scope="row">${what}</th><td>${exact(w)}</td><td>${exact(loss)}</td></tr>`,
          )}
        </tbody>
      </table>
      <dl>
        <div><dt>Finite difference</dt><dd id="quotient">${number(difference, 6)}</dd></div>
        <div><dt>Gradient of the backward pass</dt><dd id="gradient">${number(gradient, 6)}</dd></div>
      </dl>
      <p id="verdict" role="status">${verdict}</p>
    </div>
    ${plot(checked)}
  </div>`;
}

/** The three losses over the weight, and the gradient as a line through the middle one. */
function plot({ step, losses, gradient, value }: CheckedWeight): TemplateResult {
  const { minus, at, plus } = losses;
  const [down, up] = [at - gradient * step, at + gradient * step];
  const all = [minus, at, plus, down, up];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = (t: number) => EDGE + ((t + 1) / 2) * (WIDTH - 2 * EDGE);
  const y = (loss: number) =>
    high > low ? HEIGHT - EDGE - ((loss - low) / (high - low)) * (HEIGHT - 2 * EDGE) : HEIGHT / 2;
  const words =
    `Loss over the weight: ${number(minus, 6)} at w minus h, ${number(at, 6)} at w, ${number(plus, 6)} at w plus h; ` +
    `the line through the middle has the slope of the gradient, ${number(gradient, 4)}.`;
  return html`<svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${words}>
    <line class="axis" x1=${EDGE} y1=${HEIGHT - 14} x2=${WIDTH - EDGE} y2=${HEIGHT - 14}></line>
    <line class="tangent" x1=${x(-1)} y1=${y(down)} x2=${x(1)} y2=${y(up)}></line>
    <line class="secant" x1=${x(-1)} y1=${y(minus)} x2=${x(1)} y2=${y(plus)}></line>
    ${[
      [-1, minus, 'w − h'],
      [0, at, `w = ${number(value, 3)}`],
      [1, plus, 'w + h'],
    ].map(
      ([t, loss, name]) => svg`<circle cx=${x(t as number)} cy=${y(loss as number)} r="4.5"></circle>
        <text x=${x(t as number)} y=${HEIGHT - 1} text-anchor="middle">${name}</text>`,
    )}
    <text x=${EDGE} y="12">gradient (line) and finite difference (dashes)</text>
  </svg>`;
}
