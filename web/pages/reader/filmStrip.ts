/** `<chexgpu-film-strip>`: the X-rays as small pictures; sends `choose` and `remove` with the X-ray. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { ref } from 'lit/directives/ref.js';
import { repeat } from 'lit/directives/repeat.js';
import { context2d } from '../../parts/canvas.js';
import { icons } from '../../parts/icons.js';
import { tokens } from '../../parts/tokens.js';
import type { Xray } from './session.js';
import { THUMB_SIDE } from './types.js';

@customElement('chexgpu-film-strip')
export class FilmStrip extends LitElement {
  static override styles = [
    tokens,
    css`
      ol {
        padding: 2px;
        display: flex;
        flex-direction: column;
        gap: 6px;
      }
      li {
        position: relative;
        flex: none;
      }
      button {
        font: inherit;
        color: inherit;
        cursor: pointer;
      }
      .film {
        display: flex;
        align-items: center;
        gap: 10px;
        width: 100%;
        padding: 5px 30px 5px 5px;
        border: 1px solid transparent;
        border-radius: 8px;
        background: transparent;
        text-align: left;
      }
      .film:hover {
        background: var(--sunken);
      }
      .film[aria-current='true'] {
        background: var(--accent-soft);
        border-color: var(--accent);
      }
      canvas,
      .blank {
        width: 46px;
        height: 46px;
        border-radius: 5px;
        background: #0b0f12;
        flex: none;
      }
      .words {
        min-width: 0;
        font-size: 13px;
        line-height: 1.35;
      }
      .name {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .state {
        color: var(--muted);
        font-size: 12.5px;
      }
      .state.failed {
        color: var(--bad-ink);
      }
      .state.doubt {
        color: var(--warn-ink);
      }
      .remove {
        position: absolute;
        right: 4px;
        top: calc(50% - 13px);
        width: 26px;
        height: 26px;
        padding: 5px;
        border: 0;
        border-radius: 6px;
        background: transparent;
        color: var(--muted);
        display: grid;
        place-items: center;
      }
      .remove:hover {
        background: var(--sunken);
        color: var(--ink);
      }
      svg.icon {
        width: 15px;
        height: 15px;
        fill: none;
        stroke: currentColor;
        stroke-width: 2;
        stroke-linecap: round;
      }
      :host([across]) ol {
        flex-direction: row;
        overflow-x: auto;
      }
      :host([across]) li {
        width: 190px;
      }
    `,
  ];

  @property({ attribute: false }) accessor xrays: readonly Xray[] = [];
  @property({ attribute: false }) accessor current: Xray | null = null;
  /** In a row instead of one below the other. */
  @property({ type: Boolean, reflect: true }) accessor across = false;
  /** Raised by whoever changes an X-ray in its place. */
  @property({ attribute: false }) accessor version = 0;

  private say(name: 'choose' | 'remove', xray: Xray): void {
    this.dispatchEvent(new CustomEvent(name, { detail: xray }));
  }

  override updated(changed: Map<string, unknown>): void {
    if (!changed.has('current') && !changed.has('across')) return;
    this.renderRoot
      .querySelector('[aria-current=true]')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private state({ failure, decoded, probabilities }: Xray): TemplateResult {
    if (failure) return html`<span class="state failed">not read</span>`;
    if (!probabilities) return html`<span class="state">${decoded ? 'predicting …' : 'waiting …'}</span>`;
    if (decoded && decoded.doubts.length > 0) return html`<span class="state doubt">no chest X-ray?</span>`;
    return html`<span class="state">read</span>`;
  }

  override render(): TemplateResult {
    return html`<ol aria-label="X-rays">
      ${repeat(
        this.xrays,
        ({ id }) => id,
        (xray) => html`<li>
          <button
            type="button"
            class="film"
            aria-current=${xray === this.current}
            @click=${() => this.say('choose', xray)}
          >
            ${
              xray.decoded
                ? html`<canvas
                    width=${THUMB_SIDE}
                    height=${THUMB_SIDE}
                    aria-hidden="true"
                    ${ref((canvas) => paint(canvas, xray.decoded?.thumb))}
                  ></canvas>`
                : html`<span class="blank"></span>`
            }
            <span class="words"><span class="name">${xray.name}</span>${this.state(xray)}</span>
          </button>
          <button
            type="button"
            class="remove"
            aria-label="Take ${xray.name} away"
            @click=${() => this.say('remove', xray)}
          >
            ${icons.close}
          </button>
        </li>`,
      )}
    </ol>`;
  }
}

const painted = new WeakMap<Element, ImageBitmap>();

function paint(canvas: Element | undefined, thumb: ImageBitmap | undefined): void {
  if (!(canvas instanceof HTMLCanvasElement) || !thumb || painted.get(canvas) === thumb) return;
  painted.set(canvas, thumb);
  context2d(canvas).drawImage(thumb, 0, 0);
}
