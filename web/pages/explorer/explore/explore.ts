/**
 * `<chexgpu-explore>`: the picture of the network with its four levels, one cursor through all of them. Arrows move it,
 * Enter goes in, Escape out, PageUp and PageDown change the channel.
 */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { frame } from '../../../parts/frame.js';
import { controls, tokens } from '../../../parts/tokens.js';
import { type Key, moved, within, zoomed } from '../graph/cursor.js';
import { withWeight } from '../graph/weightNames.js';
import { DIRECTIONS, type Direction, LEVELS, type Level, type Place } from '../place.js';
import type { ExplorerSession } from '../session.js';
import { tourCard } from '../tour/tourCard.js';
import { blockLevel } from './blockLevel.js';
import { channelLevel } from './channelLevel.js';
import { exploreStyles } from './exploreStyles.js';
import { levelStyles } from './levelStyles.js';
import { networkLevel } from './networkLevel.js';
import { numberStyles } from './numberStyles.js';
import { pixelLevel } from './pixelLevel.js';
import { trail } from './trail.js';
import type { View } from './view.js';
import { cursorWords, kindWords } from './words.js';
import { focusBox, zoom } from './zoom.js';
import '../parts/sheet.js';

const DIRECTION_WORDS = { forward: 'Forward', backward: 'Backward', update: 'Update' } as const;
const KEYS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'];
const STAGE_WIDTH = 720;
const STAGE_WORDS =
  'The picture. Arrows move the cursor, Enter goes in, Escape goes out, Page Up and Page Down change the channel.';
const LEGEND = html`<p class="legend">
  <i class="plus"></i> above 0 <i class="minus"></i> below 0, stronger is larger
</p>`;

@customElement('chexgpu-explore')
export class ChexgpuExplore extends LitElement {
  static override styles = [tokens, controls, frame, exploreStyles, levelStyles, numberStyles];

  @property({ attribute: false }) accessor session: ExplorerSession | null = null;
  @property({ attribute: false }) accessor version = 0;
  @state() private accessor width = STAGE_WIDTH;
  @query('.stage') private accessor stage: HTMLElement | null = null;
  private shown: Level | null = null;
  private focusedBox: DOMRect | null = null;
  private readonly watcher = new ResizeObserver(([{ contentRect }]) => {
    this.width = Math.floor(contentRect.width) || STAGE_WIDTH;
  });

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watcher.disconnect();
  }

  override firstUpdated(): void {
    if (this.stage) this.watcher.observe(this.stage);
  }

  private view(session: ExplorerSession): View {
    const { graph, values, opened } = session;
    const place = { ...session.place, ...within(graph, session.place) };
    const labels = opened?.labels ?? Array.from({ length: graph.config.classes }, (_, k) => `label ${k}`);
    const go = (change: Partial<Place>) => session.go({ tour: 0, ...withWeight(graph, place, change) });
    const enter = (change: Partial<Place>) => go({ ...change, level: zoomed(place.level, 1) });
    return { graph, place, values, opened, labels, width: this.width, go, enter };
  }

  override willUpdate(): void {
    const level = this.session?.place.level;
    this.focusedBox = this.stage && level !== this.shown ? focusBox(this.stage) : null;
  }

  override updated(changed: PropertyValues): void {
    const level = this.session?.place.level ?? 'network';
    if (this.shown !== null && level !== this.shown && this.stage && changed.size > 0) {
      zoom(this.stage, LEVELS.indexOf(level) > LEVELS.indexOf(this.shown) ? 1 : -1, this.focusedBox);
    }
    this.shown = level;
  }

  private pressed(event: KeyboardEvent): void {
    const { session } = this;
    // What scrolls in the picture has its arrows for that.
    const [from] = event.composedPath();
    if (from instanceof Element && from.role === 'region') return;
    if (!session || event.altKey || event.ctrlKey || event.metaKey) return;
    const view = this.view(session);
    const { level } = view.place;
    if (KEYS.includes(event.key)) {
      event.preventDefault();
      const to = withWeight(view.graph, view.place, moved(view.graph, view.place, event.key as Key));
      session.go({ tour: 0, ...to }, { replace: true });
    } else if (event.key === 'Escape' && level !== 'network') {
      event.preventDefault();
      view.go({ level: zoomed(level, -1) });
      this.stage?.focus();
    } else if (event.key === 'Enter' && event.composedPath()[0] === this.stage) {
      event.preventDefault();
      view.enter({});
    }
  }

  private directions(view: View): TemplateResult {
    const { place } = view;
    const to = (direction: Direction) => view.go({ direction });
    return html`<div class="switch" role="group" aria-label="What of the training step">
      ${DIRECTIONS.map(
        (direction) =>
          html`<button
            type="button"
            class=${direction}
            aria-pressed=${direction === place.direction ? 'true' : 'false'}
            @click=${() => to(direction)}
          >
            ${DIRECTION_WORDS[direction]}
          </button>`,
      )}
    </div>`;
  }

  private level(view: View): TemplateResult {
    switch (view.place.level) {
      case 'network':
        return networkLevel(view);
      case 'block':
        return blockLevel(view);
      case 'channel':
        return channelLevel(view);
      case 'pixel':
        return pixelLevel(view);
    }
  }

  override render(): TemplateResult {
    const { session } = this;
    if (!session) return html``;
    const view = this.view(session);
    const { place } = view;
    const inner = zoomed(place.level, 1);
    return html`<div class="explore ${place.direction}">
      <div class="bar">${trail(view)} ${this.directions(view)}</div>
      <div class="split">
        <div class="card picture">
          <div
            class="stage"
            role="group"
            tabindex="0"
            aria-label=${STAGE_WORDS}
            aria-describedby="cursor"
            @keydown=${this.pressed}
          >
            <div class="scene">${this.level(view)}</div>
          </div>
          <div class="row steps">
            <button
              type="button"
              ?disabled=${place.level === 'network'}
              @click=${() => view.go({ level: zoomed(place.level, -1) })}
            >
              Zoom out
            </button>
            <button type="button" ?disabled=${inner === place.level} @click=${() => view.enter({})}>Zoom in</button>
            <span class="quiet keys">Arrows move, Enter goes in, Escape out.</span>
          </div>
        </div>
        ${tourCard(session)}
        <section class="card words" aria-label="Where the cursor is">
          <p id="cursor" role="status">${cursorWords(view)}</p>
          <p>${kindWords(view)}</p>
          ${place.direction === 'update' ? nothing : LEGEND}
        </section>
      </div>
    </div>`;
  }
}
