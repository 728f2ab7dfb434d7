/**
 * `<chexgpu-explorer>`: a network's training step, from the whole network down to the products of one number. Nothing
 * to set. Event: `chexgpu-ready`.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { frame } from '../../parts/frame.js';
import { icons } from '../../parts/icons.js';
import { SessionElement } from '../../parts/sessionElement.js';
import { controls, tokens } from '../../parts/tokens.js';
import { explorerStyles } from './explorerStyles.js';
import { ExplorerSession } from './session.js';
import { subjectBar } from './subjectBar.js';
import { type ExplorerTab, TABS } from './tabs.js';

@customElement('chexgpu-explorer')
export class ChexgpuExplorer extends SessionElement<ExplorerSession> {
  static override styles = [tokens, controls, frame, explorerStyles];

  /** Tabs whose elements are there. */
  @state() private accessor loaded: ReadonlySet<string> = new Set();
  private readonly asked = new Set<string>();

  constructor() {
    super(() => new ExplorerSession(), ['ready']);
  }

  private get tab(): ExplorerTab {
    return TABS.find(({ id }) => id === this.session?.place.tab) ?? TABS[0];
  }

  override willUpdate(): void {
    const { tab } = this;
    if (this.asked.has(tab.id)) return;
    this.asked.add(tab.id);
    tab.load().then(
      () => {
        this.loaded = new Set([...this.loaded, tab.id]);
      },
      () => this.session?.fail(`${tab.title} could not be loaded. Load the page again.`),
    );
  }

  private dropped(session: ExplorerSession, event: DragEvent): void {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) void session.addFile(file);
  }

  private gpuWords({ opened, failure }: ExplorerSession): string {
    if (opened?.recorded) return 'Recorded values.';
    return opened?.adapter?.sentence ?? (failure ? 'Nothing is computed.' : 'Looking for a GPU …');
  }

  override render(): TemplateResult {
    const { session, version, tab, loaded } = this;
    if (!session) return html``;
    const { failure, opened } = session;
    return html`<div
      class="page"
      data-version=${version}
      @dragover=${(event: DragEvent) => event.preventDefault()}
      @drop=${(event: DragEvent) => this.dropped(session, event)}
    >
      <h1 class="offscreen">Explorer</h1>
      <div class="head">
        <div class="tabs" role="group" aria-label="What is shown">
          ${TABS.map(
            ({ id, title }) =>
              html`<button
                type="button"
                aria-pressed=${id === tab.id ? 'true' : 'false'}
                @click=${() => session.go({ tab: id })}
              >
                ${title}
              </button>`,
          )}
        </div>
        ${subjectBar(session)}
      </div>
      ${
        failure
          ? html`<div class="message bad" role="alert">
              ${failure}
              ${
                session.isLost
                  ? html`<button type="button" id="reopen" @click=${() => session.reopen()}>Open it again</button>`
                  : nothing
              }
            </div>`
          : nothing
      }
      ${
        session.withdrawn.length > 0
          ? html`<p class="message doubt" role="status">
              Wrong on this adapter: ${session.withdrawn.join(', ')}. What was computed with that is taken back; other
              kernels compute it now.
            </p>`
          : nothing
      }
      ${
        opened?.recorded
          ? html`<p class="message doubt" role="status">
              No WebGPU here: these values were recorded (${opened.recorded}). ${session.network.title},
              ${opened.picture} with its own labels is all that is recorded; the debugger and what-if need a GPU.
            </p>`
          : nothing
      }
      ${loaded.has(tab.id) ? tab.render(session, version) : nothing}
      <div class="facts">
        <span class="adapter"
          >${icons.chip} ${this.gpuWords(session)}</span
        >
        <span class="worth">${session.network.worth}</span>
      </div>
    </div>`;
  }
}
