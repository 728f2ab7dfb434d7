/**
 * `<chexgpu-reader>`: the Reader, for these pages and for others.
 *
 *   <chexgpu-reader weights="my-network.h5" size="224"></chexgpu-reader>
 *
 * Attributes: `weights`, the address of a weight file (default: the network in the box); `size`, the side of the
 * network's images (default: what the weights were trained on). Methods: `add(files)`, `drawPhantom()`. Events, with
 * what they are about in `detail`: `chexgpu-ready`, `chexgpu-result`, `chexgpu-gradcam`, `chexgpu-withdrawn`.
 */
import type { MapColours } from 'chexgpu';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { ref } from 'lit/directives/ref.js';
import { saveBlob } from '../../parts/fileSaving.js';
import { frame } from '../../parts/frame.js';
import { stepperStyles } from '../../parts/stepper.js';
import { controls, tokens } from '../../parts/tokens.js';
import { colourBar } from './colourBar.js';
import { sorted, type Taken, takeDropped, takePasted } from './intake.js';
import { readerStyles } from './readerStyles.js';
import { ReaderSession, type Xray } from './session.js';
import { type Acts, factsOf, messagesOf, progressOf, startOf, toolbarOf, trustOf } from './surroundings.js';
import { words } from './words.js';
import './filmStrip.js';
import './findings.js';
import './viewer.js';

/** Sides of the network's images that are offered. */
const SIZES = [64, 128, 224, 320];
/** From this width of the element on the list stands at the side. */
const WIDE = 1180;

@customElement('chexgpu-reader')
export class ChexgpuReader extends LitElement {
  static override styles = [tokens, controls, frame, stepperStyles, readerStyles];

  /** Address of a weight file; null: the network in the box. Read once, when the element is put into a page. */
  @property() accessor weights: string | null = null;
  /** Side of the network's images; 0: what the weights were trained on. */
  @property({ type: Number }) accessor size = 0;

  @state() private accessor version = 0;
  @state() private accessor over = false;
  @state() private accessor opacity = 0.6;
  @state() private accessor colours: MapColours = 'uniform';
  @state() private accessor showsBoxes = true;
  @state() private accessor isWide = false;
  @state() private accessor passedOver = 0;
  private session: ReaderSession | null = null;
  private readonly width = new ResizeObserver(([entry]) => {
    this.isWide = entry.contentRect.width >= WIDE;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.width.observe(this);
    document.addEventListener('paste', this.paste);
    document.addEventListener('keydown', this.press);
    if (this.session) return;
    const session = new ReaderSession();
    this.session = session;
    for (const name of ['change', 'ready', 'result', 'gradcam', 'withdrawn'] as const) {
      session.addEventListener(name, (event) => {
        this.version++;
        if (name !== 'change') this.announce(name, (event as CustomEvent<unknown>).detail);
      });
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.width.disconnect();
    document.removeEventListener('paste', this.paste);
    document.removeEventListener('keydown', this.press);
    // Moved within a page it comes back at once.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.session?.close();
      this.session = null;
    });
  }

  protected override firstUpdated(_changed: PropertyValues): void {
    void this.session?.open(this.weightsAddress, this.size);
  }

  private get weightsAddress(): string | null {
    return this.weights === null ? null : new URL(this.weights, document.baseURI).href;
  }

  /** Reads these pictures; a weight file among them becomes the network. */
  add(files: readonly File[]): void {
    this.take(sorted(files, true));
  }

  /** Draws an X-ray whose findings are known. */
  drawPhantom(): void {
    this.session?.addPhantom();
  }

  private announce(name: string, detail: unknown): void {
    const { loaded, opened } = this.session ?? {};
    const about: Record<string, () => unknown> = {
      ready: () => ({ labels: loaded?.labels, adapter: opened?.adapter }),
      result: () => {
        const { name, probabilities, milliseconds } = detail as Xray;
        return { name, labels: loaded?.labels, probabilities, milliseconds };
      },
      gradcam: () => detail,
      withdrawn: () => ({ kernels: detail }),
    };
    const event = { detail: about[name](), bubbles: true, composed: true };
    this.dispatchEvent(new CustomEvent(`chexgpu-${name}`, event));
  }

  private take({ pictures, weights, others }: Taken): void {
    this.passedOver = others;
    if (weights) void this.session?.load(weights);
    this.session?.add(pictures);
  }

  private readonly paste = (event: ClipboardEvent) => {
    const files = takePasted(event.clipboardData);
    if (this.hidden || files.length === 0) return;
    event.preventDefault();
    this.take(sorted(files, true));
  };

  private readonly press = (event: KeyboardEvent) => {
    const [origin] = event.composedPath();
    const isOurs = event.composedPath().includes(this) || origin === document.body;
    const isTaken = origin instanceof HTMLInputElement || origin instanceof HTMLSelectElement;
    if (this.hidden || !isOurs || isTaken || event.altKey || event.ctrlKey || event.metaKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || !this.session?.current) return;
    event.preventDefault();
    this.session.step(by as 1 | -1);
  };

  private dragged(event: DragEvent): void {
    event.preventDefault();
    this.over = event.type === 'dragover';
    if (event.type === 'drop' && event.dataTransfer)
      void takeDropped(event.dataTransfer).then((t) => this.take(t));
  }

  private chosen(event: Event, chosen: boolean): void {
    const input = event.target as HTMLInputElement;
    this.take(sorted([...(input.files ?? [])], chosen));
    // The same file may be chosen again.
    input.value = '';
  }

  private readonly acts: Acts = {
    chooseFiles: () => this.renderRoot.querySelector<HTMLInputElement>('#files')?.click(),
    chooseFolder: () => this.renderRoot.querySelector<HTMLInputElement>('#folder')?.click(),
    drawPhantom: () => this.drawPhantom(),
    save: (what) => void this.save(what),
    reopen: () => void this.session?.reopen(this.weightsAddress),
  };

  private async save(what: 'csv' | 'png' | 'report'): Promise<void> {
    const { session } = this;
    if (!session) return;
    const look = { opacity: this.opacity, colours: this.colours };
    try {
      if (what === 'csv') saveBlob({ name: 'readings.csv', blob: session.csv() });
      else if (what === 'report') saveBlob({ name: 'readings.html', blob: await session.report(look) });
      else
        saveBlob({
          name: `${session.current?.name ?? 'xray'}.gradcam.png`,
          blob: await session.png(look, this.showsBoxes),
        });
    } catch (error) {
      session.fail(error);
    }
  }

  override render(): TemplateResult {
    const { session } = this;
    if (!session) return html``;
    return html`
      <div
        class="page ${this.over ? 'over' : ''}"
        @dragover=${this.dragged}
        @dragleave=${this.dragged}
        @drop=${this.dragged}
      >
        ${trustOf(session)} ${messagesOf(session, this.passedOver, this.acts)}
        ${session.xrays.length === 0 ? startOf(session, this.acts) : this.renderReading(session)}
        ${factsOf(session)}
        <input id="files" type="file" multiple hidden @change=${(event: Event) => this.chosen(event, true)} />
        <input id="folder" type="file" webkitdirectory hidden @change=${(event: Event) => this.chosen(event, false)} />
      </div>
    `;
  }

  private renderReading(session: ReaderSession): TemplateResult {
    const { xrays, current } = session;
    const { version } = this;
    const isMany = xrays.length > 1;
    return html`
      <h1 class="offscreen">Reader</h1>
      ${toolbarOf(session, this.acts)} ${session.progress ? progressOf(session) : nothing}
      <div class="columns ${isMany ? 'many' : ''}">
        ${
          isMany
            ? html`<nav class="card strip" aria-label="X-rays">
                <chexgpu-film-strip
                  .xrays=${xrays}
                  .current=${current}
                  .version=${version}
                  ?across=${!this.isWide}
                  @choose=${(event: CustomEvent<Xray>) => session.select(event.detail)}
                  @remove=${(event: CustomEvent<Xray>) => session.remove(event.detail)}
                ></chexgpu-film-strip>
              </nav>`
            : nothing
        }
        ${this.renderViewing(session)} ${this.renderFindings(session)}
      </div>
    `;
  }

  private renderViewing(session: ReaderSession): TemplateResult {
    const { current, bitmap, map, loaded } = session;
    const label = loaded?.labels[map?.classIndex ?? session.classIndex ?? -1] ?? '';
    const boxes = current?.decoded?.truth?.boxes ?? [];
    const notes = current?.decoded?.notes ?? [];
    const isStuck = current?.failure || session.failure || session.lost;
    const waitsFor = map || isStuck ? '' : current?.probabilities ? 'Grad-CAM …' : 'Reading …';
    return html`<section class="card viewing" aria-label="X-ray and Grad-CAM">
      <chexgpu-viewer
        .bitmap=${bitmap}
        .map=${map}
        .name=${current?.name ?? ''}
        .label=${label}
        .opacity=${this.opacity}
        .colours=${this.colours}
        .boxes=${this.showsBoxes ? boxes : []}
        .waitsFor=${waitsFor}
      ></chexgpu-viewer>
      <div class="look">
        <label class="field opacity">
          Opacity
          <input
            id="opacity"
            type="range"
            min="0"
            max="1"
            step="0.05"
            .value=${String(this.opacity)}
            @input=${(event: Event) => (this.opacity = (event.target as HTMLInputElement).valueAsNumber)}
          />
        </label>
        <label class="field">
          Colours
          <select
            id="colours"
            @change=${(event: Event) => (this.colours = (event.target as HTMLSelectElement).value as MapColours)}
          >
            <option value="uniform" ?selected=${this.colours === 'uniform'}>uniform to the eye</option>
            <option value="jet" ?selected=${this.colours === 'jet'}>jet</option>
          </select>
        </label>
        <span class="scale" aria-hidden="true">
          0 <canvas width="256" height="1" ${ref((canvas) => colourBar(canvas, this.colours))}></canvas> 1
        </span>
        ${
          boxes.length > 0
            ? html`<label class="field">
                <input
                  type="checkbox"
                  .checked=${this.showsBoxes}
                  @change=${(event: Event) => (this.showsBoxes = (event.target as HTMLInputElement).checked)}
                />
                True boxes
              </label>`
            : nothing
        }
      </div>
      ${notes.map((note) => html`<p class="quiet">${note}</p>`)}
    </section>`;
  }

  private renderFindings(session: ReaderSession): TemplateResult {
    const { current, loaded, map, thresholds } = session;
    const probabilities = current?.probabilities ?? null;
    const found =
      probabilities && thresholds ? thresholds.filter((t, i) => probabilities[i] >= t).length : null;
    const truth = current?.decoded?.truth?.findings ?? [];
    return html`<section class="card findings" aria-label="Findings">
      <div class="head">
        <h2>Findings</h2>
        <span class="quiet" role="status">
          ${found === null || !loaded ? '' : `${found} of ${loaded.labels.length} found`}
        </span>
      </div>
      <chexgpu-findings
        .labels=${loaded?.labels ?? []}
        .probabilities=${probabilities}
        .thresholds=${thresholds}
        .selected=${map?.classIndex ?? session.classIndex ?? -1}
        .truth=${truth}
        @explain=${(event: CustomEvent<number>) => session.explain(event.detail)}
      ></chexgpu-findings>
      ${this.renderLegend(session, truth)}
    </section>`;
  }

  private renderLegend(
    { loaded, thresholds, size }: ReaderSession,
    truth: readonly string[],
  ): TemplateResult {
    const points = loaded?.points;
    const from = thresholds
      ? `The mark on a bar is the operating point: ${points?.from}.`
      : points
        ? `Operating points hold at ${points.size} px, not at ${size}: no verdicts.`
        : 'There are no operating points for this network: no verdicts.';
    const drawn = truth.length > 0 ? `Drawn with ${truth.map(words).join(', ')}.` : '';
    return html`<p class="quiet">Choose a finding to see where it comes from. ${from} ${drawn}</p>
      <label class="field">
        Image size of the network
        <select
          id="size"
          @change=${(event: Event) => this.session?.resize(Number((event.target as HTMLSelectElement).value))}
        >
          ${[...new Set([...SIZES, size])]
            .sort((a, b) => a - b)
            .map((side) => html`<option value=${side} ?selected=${side === size}>${side} px</option>`)}
        </select>
      </label>`;
  }
}
