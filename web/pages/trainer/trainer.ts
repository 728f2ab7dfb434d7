/**
 * `<chexgpu-trainer>`: the Trainer, for these pages and for others. Nothing to set; methods `addFolder(files)` with
 * paths and `drawPhantoms(images, seed)`. Events, with what they are about in `detail`: `chexgpu-ready`,
 * `chexgpu-step`, `chexgpu-paused`, `chexgpu-done`, `chexgpu-withdrawn`.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { saveBlob } from '../../parts/fileSaving.js';
import { frame, sideBySide, tables } from '../../parts/frame.js';
import { gpuWords } from '../../parts/gpuWords.js';
import { icons } from '../../parts/icons.js';
import { SessionElement, SHOW_EVERY_MS } from '../../parts/sessionElement.js';
import { controls, tokens } from '../../parts/tokens.js';
import { takeChosen, takeDropped } from './intake.js';
import { dataCard, figuresCard, type ProgressActs, progressCard } from './parts.js';
import { TrainerSession } from './session.js';
import { trainerStyles } from './trainerStyles.js';
import type { FolderFile, Start, Wishes } from './types.js';
import './resultsView.js';
import './settingsForm.js';

const PHANTOMS = { images: 100, seed: 1 };

@customElement('chexgpu-trainer')
export class ChexgpuTrainer extends SessionElement<TrainerSession> {
  static override styles = [tokens, controls, frame, sideBySide, tables, trainerStyles];

  @state() private accessor over = false;
  @state() private accessor phantoms = PHANTOMS;

  constructor() {
    super(() => new TrainerSession(), ['ready', 'step', 'paused', 'done', 'withdrawn']);
  }

  /** Reads a folder with train.csv, valid.csv, test.csv and images/; paths as in it. */
  addFolder(files: readonly FolderFile[]): Promise<void> {
    return this.session?.takeFolder(files) ?? Promise.resolve();
  }

  /** Takes drawn X-rays of synthetic patients. */
  drawPhantoms(images = PHANTOMS.images, seed = PHANTOMS.seed): Promise<void> {
    return this.session?.drawPhantoms({ images, seed }) ?? Promise.resolve();
  }

  private dragged(event: DragEvent): void {
    event.preventDefault();
    this.over = event.type === 'dragover';
    if (event.type !== 'drop' || !event.dataTransfer || this.session?.isBusy) return;
    void takeDropped(event.dataTransfer).then((files) => this.addFolder(files));
  }

  private chosen(event: Event): void {
    const input = event.target as HTMLInputElement;
    void this.addFolder(takeChosen([...(input.files ?? [])]));
    // The same folder may be chosen again.
    input.value = '';
  }

  private async save(what: { kind: string } | { name: string }): Promise<void> {
    const found = await this.session?.download(what);
    if (found) saveBlob(found);
  }

  private readonly acts: ProgressActs = {
    pause: () => this.session?.pause(),
    stop: () => this.session?.stop(),
    goOn: (stop) => void this.session?.goOn(stop),
    discard: () => void this.session?.discard(),
  };

  private async train(): Promise<void> {
    const training = this.session?.train();
    await new Promise((resolve) => setTimeout(resolve, 2 * SHOW_EVERY_MS));
    this.renderRoot.querySelector('#progress')?.scrollIntoView({ block: 'nearest' });
    await training;
  }

  override render(): TemplateResult {
    const { session, version } = this;
    if (!session) return html``;
    return html`
      <div
        class="page ${this.over ? 'over' : ''}"
        data-state=${session.state}
        data-version=${version}
        @dragover=${this.dragged}
        @dragleave=${this.dragged}
        @drop=${this.dragged}
      >
        <div class="trust" role="note">
          ${icons.warning}
          <p>
            <strong>No medical device.</strong> For learning and research only. X-rays never leave this machine; nothing
            of them is stored.
          </p>
        </div>
        ${
          session.lost
            ? html`<div class="message bad" role="alert">
                The GPU was lost: ${session.lost}
                <button type="button" id="reopen" ?disabled=${session.isBusy} @click=${() => void session.reopen()}>
                  Open it again
                </button>
              </div>`
            : session.failure
              ? html`<p class="message bad" role="alert">${session.failure}</p>`
              : nothing
        }
        ${session.warnings.map((warning) => html`<p class="message doubt" role="alert">${warning}</p>`)}
        ${session.facts ? this.renderWork(session) : this.renderStart(session)}
        <div class="facts">
          <span class="adapter">
            ${icons.chip} ${gpuWords(session)}
          </span>
          <span>${session.checks}</span>
        </div>
        <input id="folder" type="file" webkitdirectory aria-label="Folder" hidden @change=${this.chosen} />
      </div>
    `;
  }

  private renderStart(session: TrainerSession): TemplateResult {
    const { images, seed } = this.phantoms;
    const number = (field: 'images' | 'seed', value: number, least: number) => html`<label class="count">
      ${field}
      <input
        id="phantom-${field}"
        type="number"
        min=${least}
        .value=${live(String(value))}
        @change=${(event: Event) => {
          const { valueAsNumber } = event.target as HTMLInputElement;
          // Emptied it goes back to what it was.
          this.phantoms = { ...this.phantoms, [field]: Number.isNaN(valueAsNumber) ? value : valueAsNumber };
        }}
      />
    </label>`;
    const isReady = session.opened !== null;
    return html`
      ${progressCard(session, this.acts)}
      <section class="card start" aria-label="Data">
        <h1>Train a network on chest X-rays</h1>
        <p class="quiet">
          Drop a folder with train.csv, valid.csv, test.csv and images/, as <code>chexgpu train</code> takes it. Or take
          drawn X-rays of synthetic patients, whose findings are known.
        </p>
        <div class="row">
          <button
            type="button"
            class="primary"
            ?disabled=${!isReady}
            @click=${() => this.renderRoot.querySelector<HTMLInputElement>('#folder')?.click()}
          >
            ${icons.folder} Choose a folder
          </button>
        </div>
        <div class="row">
          ${number('images', images, 3)} ${number('seed', seed, 0)}
          <button
            type="button"
            id="draw"
            ?disabled=${!isReady}
            @click=${() => void this.drawPhantoms(images, seed)}
          >
            ${icons.pencil} Draw phantoms
          </button>
        </div>
        <p class="quiet" role="status">${session.progress ? `${session.progress.what} …` : ''}</p>
      </section>
    `;
  }

  private renderWork(session: TrainerSession): TemplateResult {
    const { facts, results, isBusy, kept } = session;
    if (!facts) return html``;
    return html`<h1 class="offscreen">Trainer</h1><div class="columns">
      <div class="side">
        ${dataCard(facts, session.holdsData, () => session.dropData())}
        <section class="card" aria-label="Settings of the training">
          <h2>Training</h2>
          <details ?open=${!isBusy && !kept && !results}>
            <summary>Settings</summary>
          <chexgpu-training-form
            .choices=${session.opened?.choices ?? null}
            .wishes=${session.wishes}
            .fileName=${session.file?.name ?? ''}
            ?disabled=${isBusy || kept !== null}
            @wish=${(event: CustomEvent<Partial<Wishes>>) => session.wish(event.detail)}
            @start=${(event: CustomEvent<{ start: Start; file: File | null }>) =>
              session.startWith(event.detail.start, event.detail.file)}
          ></chexgpu-training-form>
          </details>
          ${
            kept
              ? html`<p class="quiet">
                  These are the settings of the training that waits. Discard it to begin another.
                </p>`
              : html`<button
                  type="button"
                  class="primary"
                  id="train"
                  ?disabled=${!session.canTrain}
                  @click=${() => void this.train()}
                >
                  ${icons.play} ${results ? 'Train anew' : 'Train'}
                </button>`
          }
        </section>
      </div>
      <div class="main">
        ${progressCard(session, this.acts)}
        ${
          results
            ? html`<section class="card" id="results" aria-label="Results">
                <h2>What it has learnt</h2>
                <chexgpu-training-results
                  .results=${results}
                  .image=${session.image}
                  .map=${session.map}
                  .imageIndex=${session.imageIndex}
                  .classIndex=${session.classIndex}
                  @image=${(event: CustomEvent<number>) => void session.showImage(event.detail)}
                  @explain=${(event: CustomEvent<number>) => void session.explain(event.detail)}
                  @save=${(event: CustomEvent<{ kind: string } | { name: string }>) => void this.save(event.detail)}
                ></chexgpu-training-results>
              </section>`
            : nothing
        }
        ${figuresCard(facts)}
      </div>
    </div>`;
  }
}
