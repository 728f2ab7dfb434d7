/** `<chexgpu-training-form>`: what a training is set to. Sends `wish` with what changes, `start` with the network. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { formStyles } from '../../parts/formStyles.js';
import { icons } from '../../parts/icons.js';
import { controls, tokens } from '../../parts/tokens.js';
import {
  BOX_SIZE,
  type Choices,
  type Chosen,
  type KindWords,
  type SettingWords,
  type Start,
  type Wishes,
} from './types.js';

/** Sides of the network's images that are offered. */
const SIZES = [64, 128, 224, 320];

const STARTS: readonly [Start, string][] = [
  ['box', 'the network in the box'],
  ['scratch', 'from scratch'],
  ['file', 'a weight file'],
];

/** Epochs that a callback waits, where nobody says another number. */
const USUAL_PATIENCE = 1;

interface NumberWords {
  readonly label: string;
  readonly help?: string;
  readonly id?: string;
  readonly least?: number;
  readonly step?: number | 'any';
}

type NumberField = 'batchSize' | 'epochs' | 'stepsPerEpoch' | 'seed' | 'bnMomentum' | 'checkpointEvery';

@customElement('chexgpu-training-form')
export class TrainingForm extends LitElement {
  static override styles = [tokens, controls, formStyles];

  @property({ attribute: false }) accessor choices: Choices | null = null;
  @property({ attribute: false }) accessor wishes: Wishes | null = null;
  /** Name of a weight file that was chosen. */
  @property() accessor fileName = '';
  @property({ type: Boolean }) accessor disabled = false;

  private wish(wishes: Partial<Wishes>): void {
    // The next change may come before whoever listens shows this one.
    if (this.wishes) this.wishes = { ...this.wishes, ...wishes };
    this.dispatchEvent(new CustomEvent('wish', { detail: wishes }));
  }

  private chosenFile(event: Event): void {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) this.begin('file', file);
    input.value = '';
  }

  private begin(start: Start, file: File | null): void {
    this.dispatchEvent(new CustomEvent('start', { detail: { start, file } }));
  }

  /** @param change is given what the field holds: undefined where it is empty, and it shows what holds then */
  private numberField(
    { label, help, id, least, step = 'any' }: NumberWords,
    value: number | undefined,
    change: (value: number | undefined) => void,
  ): TemplateResult {
    // Written when it changes and not whenever the form is drawn anew: somebody may be typing.
    const shown = value === undefined ? '' : String(value);
    return html`<label class="number" title=${help || nothing}>
      ${label}
      <input
        id=${id ?? nothing}
        type="number"
        min=${least ?? nothing}
        step=${step}
        aria-description=${help || nothing}
        .value=${shown}
        @change=${(event: Event) => {
          const input = event.target as HTMLInputElement;
          const { valueAsNumber } = input;
          if (Number.isNaN(valueAsNumber)) input.value = shown;
          change(Number.isNaN(valueAsNumber) ? undefined : valueAsNumber);
        }}
      />
    </label>`;
  }

  /** One of the wishes. An emptied field goes back to what it was, unless @param empty stands for 0. */
  private number(
    field: NumberField,
    label: string,
    least: number,
    { step = 1, empty }: { step?: number | 'any'; empty?: string } = {},
  ): TemplateResult {
    const value = this.wishes?.[field] ?? 0;
    const said = { id: field, label: empty ? `${label}, empty for ${empty}` : label, least, step };
    return this.numberField(said, empty && value === 0 ? undefined : value, (next) =>
      this.wish({ [field]: next ?? (empty ? 0 : value) }),
    );
  }

  private setting(
    { name, help, default: usual }: SettingWords,
    chosen: Chosen,
    change: (chosen: Chosen) => void,
  ): TemplateResult {
    const value = chosen.settings[name];
    const set = (next: number | boolean | undefined) => {
      const { [name]: _, ...others } = chosen.settings;
      change({ ...chosen, settings: next === undefined ? others : { ...others, [name]: next } });
    };
    if (typeof usual === 'boolean') {
      return html`<label class="field">
        <input
          type="checkbox"
          .checked=${Boolean(value ?? usual)}
          @change=${(event: Event) => set((event.target as HTMLInputElement).checked)}
        />
        ${help}
      </label>`;
    }
    const label = usual === undefined ? `${spaced(name)}, empty for none` : spaced(name);
    // Emptied, one that must hold a number goes back to what it was.
    return this.numberField({ label, help }, (value as number | undefined) ?? usual, (next) =>
      set(next ?? (usual === undefined ? undefined : value)),
    );
  }

  /** A choice by name, with the settings of what is chosen. @param first a setting that always shows */
  private kind(
    legend: string,
    kinds: readonly KindWords[],
    chosen: Chosen | null,
    change: (chosen: Chosen | null) => void,
    { none = '', first = '' }: { none?: string; first?: string } = {},
  ): TemplateResult {
    const kind = kinds.find(({ name }) => name === chosen?.name);
    const rest = kind?.settings.filter(({ name }) => name !== first) ?? [];
    const always = kind?.settings.filter(({ name }) => name === first) ?? [];
    return html`<fieldset>
      <div class="fields">
        <label class="choice ${always.length > 0 ? '' : 'wide'}">
          ${legend}
          <select
            id=${legend.toLowerCase().replaceAll(' ', '-')}
            @change=${(event: Event) => {
              const name = (event.target as HTMLSelectElement).value;
              change(name === '' ? null : { name, settings: {} });
            }}
          >
            ${none ? html`<option value="" ?selected=${!chosen}>${none}</option>` : nothing}
            ${kinds.map(
              ({ name, title }) =>
                html`<option value=${name} ?selected=${name === chosen?.name}>${title}</option>`,
            )}
          </select>
        </label>
        ${chosen ? always.map((one) => this.setting(one, chosen, change)) : nothing}
      </div>
      ${kind?.help ? html`<p class="quiet">${kind.help}</p>` : nothing}
      ${
        chosen && rest.length > 0
          ? html`<details>
              <summary>More of ${kind?.title}</summary>
              <div class="fields">${rest.map((one) => this.setting(one, chosen, change))}</div>
            </details>`
          : nothing
      }
    </fieldset>`;
  }

  private callback(kind: KindWords, wishes: Wishes): TemplateResult {
    const chosen = wishes.callbacks.find(({ name }) => name === kind.name);
    const own: Readonly<Record<string, number>> = kind.own ? { [kind.own]: USUAL_PATIENCE } : {};
    const change = (next: Chosen | null) => {
      const others = this.wishes?.callbacks.filter(({ name }) => name !== kind.name) ?? [];
      const mine = next ? [{ ...next, settings: { ...own, ...next.settings } }] : [];
      this.wish({ callbacks: [...others, ...mine] });
    };
    return html`<div>
      <label class="check">
        <input
          type="checkbox"
          name=${kind.name}
          .checked=${chosen !== undefined}
          @change=${(event: Event) =>
            change((event.target as HTMLInputElement).checked ? { name: kind.name, settings: {} } : null)}
        />
        <span>${kind.title}: <span class="quiet">${kind.help}</span></span>
      </label>
      ${
        chosen && kind.settings.length > 0
          ? html`<div class="fields inner">
              ${kind.settings.map((one) =>
                this.setting({ ...one, default: one.default ?? own[one.name] }, chosen, change),
              )}
            </div>`
          : nothing
      }
    </div>`;
  }

  private renderStart(choices: Choices, { start, network }: Wishes): TemplateResult {
    return html`<fieldset>
      <legend>Begin with</legend>
      <div class="radios">
        ${STARTS.map(
          ([value, text]) => html`<label>
            <input
              type="radio"
              name="start"
              value=${value}
              .checked=${value === start}
              @change=${() => this.begin(value, null)}
            />
            ${text}
          </label>`,
        )}
      </div>
      <input
        id="weights"
        type="file"
        accept=".h5,.hdf5,.safetensors,.npz"
        aria-label="Weight file"
        hidden
        @change=${this.chosenFile}
      />
      ${
        start === 'file'
          ? html`<div class="fields">
              <button
                type="button"
                class="wide"
                @click=${() => this.renderRoot.querySelector<HTMLInputElement>('#weights')?.click()}
              >
                ${icons.add} ${this.fileName || 'Choose a weight file'}
              </button>
            </div>`
          : nothing
      }
      ${
        start === 'scratch'
          ? html`<div class="fields">
              <label class="choice wide">
                Network
                <select
                  id="network"
                  @change=${(event: Event) => this.wish({ network: (event.target as HTMLSelectElement).value })}
                >
                  ${choices.networks.map(
                    (name) => html`<option value=${name} ?selected=${name === network}>${name}</option>`,
                  )}
                </select>
              </label>
            </div>`
          : nothing
      }
    </fieldset>`;
  }

  private renderLength({ size, start }: Wishes): TemplateResult {
    return html`<fieldset>
      <legend>How long, on what</legend>
      <div class="fields">
        <label class="choice">
          Image side
          <select
            id="size"
            @change=${(event: Event) => this.wish({ size: Number((event.target as HTMLSelectElement).value) })}
          >
            ${[...new Set([...SIZES, size])]
              .sort((a, b) => a - b)
              .map((side) => html`<option value=${side} ?selected=${side === size}>${side} px</option>`)}
          </select>
        </label>
        ${this.number('batchSize', 'Batch size', 1)} ${this.number('epochs', 'Epochs', 1)}
        ${this.number('stepsPerEpoch', 'Steps per epoch', 0, { empty: 'all' })} ${this.number('seed', 'Seed', 0)}
      </div>
      ${
        start === 'box' && size !== BOX_SIZE
          ? html`<p class="quiet">
              The network in the box was trained on images of ${BOX_SIZE} px; of others it knows less at first.
            </p>`
          : nothing
      }
    </fieldset>`;
  }

  override render(): TemplateResult | typeof nothing {
    const { choices, wishes } = this;
    if (!choices || !wishes) return nothing;
    const isWatching = choices.callbacks.some(
      ({ name, watches }) => watches && wishes.callbacks.some((one) => one.name === name),
    );
    return html`<fieldset class="all" ?disabled=${this.disabled}>
      ${this.renderStart(choices, wishes)} ${this.renderLength(wishes)}
      <fieldset>
        <legend>How it learns</legend>
        ${this.kind(
          'Optimizer',
          choices.optimizers,
          wishes.optimizer,
          (optimizer) => optimizer && this.wish({ optimizer }),
          { first: 'learningRate' },
        )}
        ${this.kind('Loss', choices.losses, wishes.loss, (loss) => loss && this.wish({ loss }))}
        ${this.kind('Schedule', choices.schedules, wishes.schedule, (schedule) => this.wish({ schedule }), {
          none: 'the learning rate stays',
        })}
      </fieldset>
      <fieldset>
        <legend>Callbacks</legend>
        <div class="checks">${choices.callbacks.map((kind) => this.callback(kind, wishes))}</div>
        ${
          isWatching
            ? html`<div class="fields">
                <label class="choice wide">
                  Watched log
                  <select
                    id="monitor"
                    @change=${(event: Event) =>
                      this.wish({ monitor: (event.target as HTMLSelectElement).value })}
                  >
                    ${choices.monitors.map(
                      (name) =>
                        html`<option value=${name} ?selected=${name === wishes.monitor}>${name}</option>`,
                    )}
                  </select>
                </label>
              </div>`
            : nothing
        }
      </fieldset>
      <details>
        <summary>Batch norm and checkpoints</summary>
        <div class="fields">
          ${this.number('bnMomentum', 'Momentum of batch norm', 0, { step: 'any' })}
          ${this.number('checkpointEvery', 'Steps per checkpoint', 1)}
        </div>
      </details>
    </fieldset>`;
  }
}

/** learningRate -> learning rate */
const spaced = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
