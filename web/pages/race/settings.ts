/** The card in which a race is set, begun and cancelled. */
import { html, nothing, type TemplateResult } from 'lit';
import { icons } from '../../parts/icons.js';
import type { RaceSession } from './session.js';
import type { Choices, KernelFamily, Wishes } from './types.js';

const SIZE_STEP = 32;

type Wish = (wishes: Partial<Wishes>) => void;

function number(
  field: 'size' | 'batch' | 'repeats',
  label: string,
  wishes: Wishes,
  wish: Wish,
  step = 1,
): TemplateResult {
  return html`<label class="number">
    ${label}
    <input
      id=${field}
      type="number"
      min=${step}
      step=${step}
      .value=${String(wishes[field])}
      @change=${(event: Event) => wish({ [field]: (event.target as HTMLInputElement).valueAsNumber })}
    />
  </label>`;
}

function choice(
  field: 'network' | 'kind' | 'part',
  label: string,
  options: readonly (readonly [string, string])[],
  wishes: Wishes,
  wish: Wish,
): TemplateResult {
  return html`<label class="choice ${field}">
    ${label}
    <select id=${field} @change=${(event: Event) => wish({ [field]: (event.target as HTMLSelectElement).value })}>
      ${options.map(
        ([value, words]) =>
          html`<option value=${value} ?selected=${value === wishes[field]}>${words}</option>`,
      )}
    </select>
  </label>`;
}

function check(id: string, label: string, isOn: boolean, change: (isOn: boolean) => void): TemplateResult {
  return html`<label class="check">
    <input
      type="checkbox"
      id=${id}
      .checked=${isOn}
      @change=${(event: Event) => change((event.target as HTMLInputElement).checked)}
    />
    ${label}
  </label>`;
}

function kernelChoice({ families }: Choices, wishes: Wishes, wish: Wish): TemplateResult {
  const toggle = ({ ops }: KernelFamily, isOn: boolean) => {
    const others = wishes.ops.filter((op) => !ops.includes(op));
    wish({ ops: isOn ? [...others, ...ops] : others });
  };
  const checks = (direction: KernelFamily['direction']) =>
    families
      .filter((family) => family.direction === direction)
      .map((family) =>
        check(
          `${direction}-${family.ops[0].split('.')[0]}`,
          family.name,
          family.ops.every((op) => wishes.ops.includes(op)),
          (isOn) => toggle(family, isOn),
        ),
      );
  return html`<div class="families">
      ${(['forward', 'backward'] as const).map(
        (direction) => html`<fieldset>
          <legend>${direction}</legend>
          <div class="checks">${checks(direction)}</div>
        </fieldset>`,
      )}
    </div>
    <details>
      <summary>Kernels beside the layers</summary>
      <div class="families">${checks('other')}</div>
    </details>`;
}

function form(choices: Choices, wishes: Wishes, wish: Wish): TemplateResult {
  const { networks } = choices;
  const parts = networks[wishes.network] ?? [];
  return html`<div class="fields">
      ${choice(
        'network',
        'network',
        Object.keys(networks).map((name) => [name, name] as const),
        wishes,
        // Another network has other parts.
        (change) => wish({ ...change, part: '' }),
      )}
      ${number('size', 'pixels', wishes, wish, SIZE_STEP)}
      ${choice(
        'kind',
        'work',
        [
          ['train', 'training step'],
          ['predict', 'prediction'],
        ],
        wishes,
        wish,
      )}
      ${number('batch', 'batch', wishes, wish)}
      ${number('repeats', 'repetitions', wishes, wish)}
    </div>
    <div class="checks">
      ${check('with-kernels', 'Kernels: every variant, checked first', wishes.kernels, (kernels) => wish({ kernels }))}
      ${
        wishes.kernels
          ? html`<div class="inner">
              <div class="fields">
                ${choice(
                  'part',
                  'on the shapes of',
                  [['', 'the whole network'], ...parts.map((part) => [part, part] as const)],
                  wishes,
                  wish,
                )}
              </div>
              ${kernelChoice(choices, wishes, wish)}
            </div>`
          : nothing
      }
      ${check('with-model', 'The network: prediction and training step', wishes.model, (model) => wish({ model }))}
    </div>`;
}

export function settingsCard(session: RaceSession): TemplateResult {
  const { opened, wishes, isRacing } = session;
  const wish: Wish = (change) => session.wish(change);
  const waiting = session.failure ? 'There is no GPU to race on; a file can be shown.' : 'Opening …';
  const isNothing = !wishes || !(wishes.model || (wishes.kernels && wishes.ops.length > 0));
  return html`<section class="card" aria-label="Settings of the race">
    <h2>Race</h2>
    ${
      opened && wishes
        ? html`<fieldset class="all" ?disabled=${isRacing} aria-label="What is raced">
            ${form(opened.choices, wishes, wish)}
          </fieldset>`
        : html`<p class="quiet">${waiting}</p>`
    }
    <div class="row">
      <button
        type="button"
        class="primary"
        id="race"
        ?disabled=${isRacing || isNothing}
        @click=${() => void session.race()}
      >
        ${icons.play} Race
      </button>
      <button type="button" id="cancel" ?disabled=${!isRacing} @click=${() => session.cancel()}>
        ${icons.stop} Cancel
      </button>
    </div>
  </section>`;
}
