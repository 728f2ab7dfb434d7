/**
 * `<chexgpu-what-if>`: the network changed in one place or more, its predictions and its loss before and after beside
 * each other, and back to normal.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { formStyles } from '../../../parts/formStyles.js';
import { frame, sideBySide } from '../../../parts/frame.js';
import { controls, tokens } from '../../../parts/tokens.js';
import { number } from '../parts/numbers.js';
import { PHANTOMS, phantomTitle } from '../phantoms.js';
import type { ExplorerSession } from '../session.js';
import type { Opened } from '../types.js';
import { outcomeTable } from './outcomeTable.js';
import type { Change, Outcome } from './types.js';
import { changeWords, isChanged, readChange, UNCHANGED, writeChange } from './whatIfPlace.js';
import { whatIfStyles } from './whatIfStyles.js';
import './finiteDifference.js';

const RATES = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1];
const SLOPES = [
  { slope: 0, title: 'ReLU, as it is: below 0 nothing passes' },
  { slope: 0.1, title: 'leaks: a tenth passes' },
  { slope: 0.3, title: 'leaks: three tenths pass' },
  { slope: 1, title: 'no ReLU: all passes' },
];

@customElement('chexgpu-what-if')
export class ChexgpuWhatIf extends LitElement {
  static override styles = [tokens, controls, frame, sideBySide, formStyles, whatIfStyles];

  @property({ attribute: false }) accessor session: ExplorerSession | null = null;
  @property({ attribute: false }) accessor version = 0;
  @state() private accessor normal: Outcome | null = null;
  @state() private accessor changed: Outcome | null = null;
  @state() private accessor busy = '';
  @state() private accessor failure = '';
  private asked = '';
  private subject: Opened | null = null;
  private control = new AbortController();

  private get change(): Change {
    return readChange(this.session?.place.more ?? {});
  }

  private go(change: Partial<Change>): void {
    const { session } = this;
    session?.go({ more: writeChange(session.place.more, change) });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.control.abort();
  }

  override willUpdate(): void {
    const opened = this.session?.opened ?? null;
    const { change } = this;
    const key = JSON.stringify(change);
    if (opened === this.subject && key === this.asked) return;
    if (opened !== this.subject) this.normal = null;
    this.subject = opened;
    this.asked = key;
    this.control.abort();
    this.control = new AbortController();
    this.changed = null;
    this.failure = '';
    this.busy = '';
    if (opened && !opened.recorded) void this.compute(change, this.control.signal);
  }

  private async compute(change: Change, signal: AbortSignal): Promise<void> {
    const { worker } = this.session!;
    this.busy = 'Computing';
    const onProgress = ({ what }: { what: string }) => {
      if (!signal.aborted) this.busy = what;
    };
    try {
      const before = await worker.call('whatIs', null, { onProgress });
      if (signal.aborted) return;
      this.normal = before;
      const after = isChanged(change) ? await worker.call('whatIf', change, { signal, onProgress }) : before;
      if (signal.aborted) return;
      this.changed = after;
    } catch (error) {
      if (signal.aborted) return;
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.busy = '';
  }

  override render(): TemplateResult {
    const { session, change, normal: before, changed: after, busy, failure, version } = this;
    if (!session) return html``;
    if (session.opened?.recorded) {
      return html`<p class="message doubt">There is no WebGPU here, and nothing can be tried out.</p>`;
    }
    return html`<div class="columns" data-busy=${busy || !before ? 'yes' : 'no'}>
      <div class="side">
        <section class="card" aria-label="What is changed">
          <h2>What if …</h2>
          ${this.form(session, change)}
          <button type="button" id="normal" ?disabled=${!isChanged(change)} @click=${() => this.go(UNCHANGED)}>
            Back to normal
          </button>
        </section>
      </div>
      <div class="main">
        <section class="card" aria-label="What comes of it">
          <h2>What comes of it</h2>
          <p id="changed" role="status">
            ${busy ? `${busy} …` : isChanged(change) ? `Where ${changeWords(change)}:` : 'Nothing is changed.'}
          </p>
          ${failure ? html`<p class="message bad" role="alert">${failure}</p>` : nothing}
          ${before ? outcomeTable(session.opened?.labels ?? [], before, after) : nothing}
          ${this.notes(change)}
        </section>
        <chexgpu-finite-difference .session=${session} .version=${version}></chexgpu-finite-difference>
      </div>
    </div>`;
  }

  private form(session: ExplorerSession, change: Change): TemplateResult {
    // A link may name others.
    const rates = [...new Set([...RATES, change.learningRate ?? RATES[0]])];
    const images = [...new Set([...PHANTOMS, change.image ?? PHANTOMS[0]])];
    return html`<div class="all">
      ${this.zeroFields(session, change)}
      <div class="fields">
        <label class="choice wide"
          >Learning rate of the step
          <select
            id="rate"
            .value=${live(String(change.learningRate ?? ''))}
            @change=${(event: Event) => this.go({ learningRate: Number(chosenIn(event)) || null })}
          >
            <option value="" ?selected=${change.learningRate === null}>
              ${number(session.opened?.adam.learningRate ?? 0.001, 2)}, as it is
            </option>
            ${rates.map(
              (rate) =>
                html`<option value=${rate} ?selected=${rate === change.learningRate}>${rateWords(rate)}</option>`,
            )}
          </select>
        </label>
        <label class="choice wide"
          >Picture
          <select
            id="swap"
            .value=${live(change.image ?? '')}
            @change=${(event: Event) => this.go({ image: chosenIn(event) || null })}
          >
            <option value="" ?selected=${change.image === null}>${session.opened?.picture ?? ''}, as it is</option>
            ${images.map(
              (id) =>
                html`<option value=${id} ?selected=${id === change.image}>
                  ${phantomTitle(id)}
                </option>`,
            )}
          </select>
        </label>
      </div>
      <fieldset>
        <legend>Kernels of one's own</legend>
        <div class="radios">
          ${SLOPES.map(
            ({ slope, title }) =>
              html`<label
                ><input
                  type="radio"
                  name="slope"
                  .checked=${live(slope === change.slope)}
                  @change=${() => this.go({ slope })}
                />${title}</label
              >`,
          )}
        </div>
        <div class="checks">
          <label class="check"
            ><input
              type="checkbox"
              id="norm"
              .checked=${live(change.noNorm)}
              @change=${(event: Event) => this.go({ noNorm: (event.target as HTMLInputElement).checked })}
            />
            no batch norm: what it reads passes on
          </label>
        </div>
      </fieldset>
    </div>`;
  }

  private zeroFields({ graph, place }: ExplorerSession, { zero }: Change): TemplateResult {
    const layers = graph.layers.filter(({ kind }) => ['conv', 'batchnorm', 'dense'].includes(kind));
    const channels = zero && graph.has(zero.layer) ? graph.shape(zero.layer).channels : 0;
    const begin = () => {
      const here = layers.find(({ name }) => name === place.layer) ?? layers[0];
      const channel = Math.min(place.channel, graph.shape(here.name).channels - 1);
      this.go({ zero: { layer: here.name, channel } });
    };
    return html`<fieldset>
      <legend class="offscreen">A channel of zeros</legend>
      <div class="checks">
        <label class="check"
          ><input
            type="checkbox"
            id="zero"
            .checked=${live(zero !== null)}
            @change=${() => (zero === null ? begin() : this.go({ zero: null }))}
          />
          a channel is 0
        </label>
      </div>
      ${
        zero
          ? html`<div class="fields">
              <label class="choice wide"
                >Layer that makes it
                <select
                  id="layer"
                  .value=${live(zero.layer)}
                  @change=${(event: Event) => this.go({ zero: { layer: chosenIn(event), channel: 0 } })}
                >
                  ${layers.map(
                    ({ name }) =>
                      html`<option value=${name} ?selected=${name === zero.layer}>${name}</option>`,
                  )}
                </select>
              </label>
              <label class="number"
                >Channel of ${channels}
                <input
                  id="channel"
                  type="number"
                  min="0"
                  max=${channels - 1}
                  .value=${String(zero.channel)}
                  @change=${(event: Event) => {
                    const input = event.target as HTMLInputElement;
                    const typed = Number.isNaN(input.valueAsNumber) ? zero.channel : input.valueAsNumber;
                    const channel = Math.max(0, Math.min(channels - 1, Math.floor(typed)));
                    // Written back as it is taken.
                    input.value = String(channel);
                    this.go({ zero: { ...zero, channel } });
                  }}
                />
              </label>
            </div>`
          : nothing
      }
    </fieldset>`;
  }

  /** What a reader might take for granted. */
  private notes({ zero, slope, noNorm, image }: Change): TemplateResult {
    const notes = [
      zero &&
        'What makes the channel is 0: the weights of a convolution, gamma and beta of a batch norm. Behind a ' +
          'convolution a batch norm still subtracts its mean from those zeros.',
      slope > 0 &&
        'The naive kernels run in the place of the fast ones, with one line changed, forward and backward: the ' +
          'finite difference below is of the network as it is.',
      noNorm &&
        'One kernel is changed: scale is 1 and shift 0. Batch norms are frozen in the step, as there is nothing for ' +
          'them to learn.',
      image && 'The loss keeps the labels that it has.',
    ].filter((note) => typeof note === 'string');
    return html`${notes.map((note) => html`<p class="quiet">${note}</p>`)}`;
  }
}

const rateWords = (rate: number) => number(rate, RATES.includes(rate) ? 1 : 4);
const chosenIn = (event: Event) => (event.target as HTMLInputElement | HTMLSelectElement).value;
