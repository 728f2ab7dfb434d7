/**
 * `<chexgpu-dispatches>`: the plan's dispatches as a list of which only what is seen is there. Arrows select, Enter
 * runs as far as that, B sets a break. Events `select`, `run`, `break`, each with an index.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { tokens } from '../../../parts/tokens.js';
import { duration } from './rates.js';
import type { DebuggedDispatch } from './types.js';

const ROW = 30;
const BEYOND = 8;

@customElement('chexgpu-dispatches')
export class ChexgpuDispatches extends LitElement {
  static override styles = [
    tokens,
    css`
      :host {
        display: block;
      }
      .list {
        overflow-y: auto;
        height: min(62vh, 620px);
        min-height: 240px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        position: relative;
      }
      .room {
        position: relative;
      }
      .row {
        position: absolute;
        left: 0;
        right: 0;
        height: 30px;
        display: grid;
        grid-template-columns: 22px 3.2em minmax(0, 1.1fr) minmax(0, 1fr) 5.4em;
        align-items: center;
        gap: 0 6px;
        padding-right: 10px;
        font-size: 13px;
        cursor: pointer;
        border-left: 3px solid transparent;
        font-variant-numeric: tabular-nums;
      }
      .row > span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .ran {
        border-left-color: var(--accent);
      }
      .row:hover {
        background: var(--sunken);
      }
      .row[aria-selected='true'] {
        background: var(--accent-soft);
      }
      .next::after {
        content: '';
        position: absolute;
        left: 0;
        right: 0;
        top: -1px;
        border-top: 2px solid var(--found);
      }
      .gutter {
        display: grid;
        place-items: center;
        height: 100%;
      }
      .gutter i {
        width: 10px;
        height: 10px;
        border-radius: 50%;
        border: 1px solid transparent;
      }
      .row:hover .gutter i {
        border-color: var(--line-strong);
      }
      .broken .gutter i {
        background: var(--bad-ink);
      }
      .number,
      .kernel,
      .time {
        color: var(--muted);
      }
      .row[aria-selected='true'] span {
        color: var(--ink);
      }
      .number,
      .time {
        text-align: right;
      }
      @container (max-width: 520px) {
        .row {
          grid-template-columns: 18px 2.6em minmax(0, 1fr) 5em;
        }
        .kernel {
          display: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) accessor dispatches: readonly DebuggedDispatch[] = [];
  @property({ type: Number }) accessor selected = 0;
  @property({ type: Number }) accessor at = 0;
  @property({ attribute: false }) accessor breaks: readonly number[] = [];
  @property({ attribute: false }) accessor times: ReadonlyMap<number, number> = new Map();
  @state() private accessor top = 0;
  @state() private accessor height = 620;
  @query('.list') private accessor list: HTMLElement | null = null;

  override updated(changed: PropertyValues<this>): void {
    const { list, selected } = this;
    if (!list || !(changed.has('selected') || changed.has('dispatches'))) return;
    this.height = list.clientHeight;
    const [above, below] = [selected * ROW - ROW, (selected + 2) * ROW - list.clientHeight];
    if (list.scrollTop > above) list.scrollTop = Math.max(0, above);
    else if (list.scrollTop < below) list.scrollTop = below;
  }

  private say(name: 'select' | 'run' | 'break', index: number): void {
    // Keys may come faster than the page draws.
    if (name === 'select') this.selected = index;
    this.dispatchEvent(new CustomEvent(name, { detail: index }));
  }

  private pressed(event: KeyboardEvent): void {
    const last = this.dispatches.length - 1;
    const page = Math.floor(this.height / ROW) - 1;
    const to = {
      ArrowDown: this.selected + 1,
      ArrowUp: this.selected - 1,
      PageDown: this.selected + page,
      PageUp: this.selected - page,
      Home: 0,
      End: last,
    }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (to !== undefined) this.say('select', Math.max(0, Math.min(last, to)));
    else if (event.key === 'Enter') this.say('run', this.selected);
    else if (event.key === 'b') this.say('break', this.selected);
    else return;
    event.preventDefault();
  }

  override render(): TemplateResult {
    const { dispatches, top, height } = this;
    const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
    const shown = dispatches.slice(first, Math.ceil((top + height) / ROW) + BEYOND);
    return html`<div
      class="list"
      role="listbox"
      tabindex="0"
      aria-label="Dispatches. Arrows select, Enter runs up to and with the selected one, B sets a break in front of it."
      aria-activedescendant=${`d${this.selected}`}
      @keydown=${this.pressed}
      @scroll=${() => {
        this.top = this.list?.scrollTop ?? 0;
      }}
    >
      <div class="room" role="presentation" .style=${`height: ${dispatches.length * ROW}px`}>
        ${shown.map((dispatch) => this.row(dispatch))}
      </div>
    </div>`;
  }

  private row({ index, label, kernel }: DebuggedDispatch): TemplateResult {
    const { selected, at, breaks, times, dispatches } = this;
    const ns = times.get(index);
    const isBroken = breaks.includes(index);
    const classes = ['row', index < at && 'ran', index === at && 'next', isBroken && 'broken'];
    const words = `${isBroken ? 'break, ' : ''}${index < at ? 'has run' : index === at ? 'is next' : ''}`;
    return html`<div
      id=${`d${index}`}
      class=${classes.filter(Boolean).join(' ')}
      role="option"
      aria-selected=${index === selected ? 'true' : 'false'}
      aria-posinset=${index + 1}
      aria-setsize=${dispatches.length}
      .style=${`top: ${index * ROW}px`}
      @click=${() => this.say('select', index)}
      @dblclick=${() => this.say('run', index)}
    >
      <span class="gutter" @click=${(event: Event) => this.gutter(event, index)}><i></i></span>
      <span class="number">${index + 1}</span>
      <span>${label}</span>
      <span class="kernel">${kernel}</span>
      <span class="time">${ns === undefined ? nothing : duration(ns)}</span>
      <span class="offscreen">${words}</span>
    </div>`;
  }

  private gutter(event: Event, index: number): void {
    event.stopPropagation();
    this.say('break', index);
  }
}
