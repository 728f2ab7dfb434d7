/**
 * `<chexgpu-race>`: the bench in a page, for these pages and for others. Nothing to set; method `load(file)` shows a
 * result that `chexgpu bench --out` or this element wrote. Events: `chexgpu-ready`, `chexgpu-raced` (the document).
 */
import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { saveBlob } from '../../parts/fileSaving.js';
import { formStyles } from '../../parts/formStyles.js';
import { frame, sideBySide, tables } from '../../parts/frame.js';
import { icons } from '../../parts/icons.js';
import { SessionElement } from '../../parts/sessionElement.js';
import { controls, tokens } from '../../parts/tokens.js';
import { raceStyles } from './raceStyles.js';
import { resultCards } from './results.js';
import { RaceSession } from './session.js';
import { settingsCard } from './settings.js';

@customElement('chexgpu-race')
export class ChexgpuRace extends SessionElement<RaceSession> {
  static override styles = [tokens, controls, frame, sideBySide, tables, formStyles, raceStyles];

  constructor() {
    super(() => new RaceSession(), ['ready', 'raced']);
  }

  /** Shows the result in a JSON file. */
  load(file: File): Promise<void> {
    return this.session?.load(file) ?? Promise.resolve();
  }

  private chosen(event: Event): void {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file) void this.load(file);
    // The same file may be chosen again.
    input.value = '';
  }

  private dropped(event: DragEvent): void {
    event.preventDefault();
    const file = event.type === 'drop' ? event.dataTransfer?.files[0] : undefined;
    if (file) void this.load(file);
  }

  private async save(): Promise<void> {
    const found = await this.session?.download();
    if (found) saveBlob(found);
  }

  override render(): TemplateResult {
    const { session, version } = this;
    if (!session) return html``;
    const { state, shown, failure, opened } = session;
    return html`
      <div
        class="page"
        data-state=${state}
        data-version=${version}
        @dragover=${this.dropped}
        @drop=${this.dropped}
      >
        <h1 class="offscreen">Race</h1>
        ${failure ? html`<p class="message bad" role="alert">${failure}</p>` : nothing}
        ${
          state === 'cancelled'
            ? html`<p class="message doubt" role="alert">
                Cancelled. What was measured before is shown; the rest is missing.
              </p>`
            : nothing
        }
        <div class="columns">
          <div class="side">
            ${settingsCard(session)}
            <section class="card" aria-label="Result as a file">
              <h2>Result</h2>
              <div class="row">
                <button type="button" id="save" ?disabled=${!shown || session.isRacing} @click=${this.save}>
                  ${icons.save} Download JSON
                </button>
                <button
                  type="button"
                  ?disabled=${session.isRacing}
                  @click=${() => this.renderRoot.querySelector<HTMLInputElement>('#file')?.click()}
                >
                  ${icons.folder} Load a file
                </button>
              </div>
              <p class="quiet">
                What <code>chexgpu bench --out</code> writes and <code>chexgpu bench show</code> reads. It holds times,
                the adapter's and the browser's name; nothing is sent anywhere.
              </p>
              <input
                id="file"
                type="file"
                accept=".json,application/json"
                aria-label="Result file"
                hidden
                @change=${this.chosen}
              />
            </section>
          </div>
          <div class="main">${resultCards(session)}</div>
        </div>
        <div class="facts">
          <span class="adapter">
            ${icons.chip} ${opened?.adapter.sentence ?? (failure ? 'No GPU.' : 'Looking for a GPU …')}
          </span>
        </div>
      </div>
    `;
  }
}
