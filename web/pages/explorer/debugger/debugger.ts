/**
 * `<chexgpu-debugger>`: the plan of a training step or a prediction, dispatch by dispatch. Run, stop, and look at what
 * lies in the buffers; nothing of it touches the network.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { frame } from '../../../parts/frame.js';
import { controls, tokens } from '../../../parts/tokens.js';
import type { ExplorerSession } from '../session.js';
import { bufferLook, sliceWords } from './bufferLook.js';
import { type DebuggerPlace, nextStop, readDebugger, toggled, writeDebugger } from './debuggerPlace.js';
import { debuggerStyles } from './debuggerStyles.js';
import { bufferOf, DebugRun } from './debugRun.js';
import { factsOf, SOURCE_WORDS, sourceOf } from './rates.js';
import type { DebuggedDispatch } from './types.js';
import './dispatchList.js';
import './kernelText.js';

/** CSS pixels of what is drawn, where the element is hidden as well. */
const LEAST_WIDTH = 60;
const PHASES = ['forward', 'loss', 'backward', 'checks', 'update'] as const;

@customElement('chexgpu-debugger')
export class ChexgpuDebugger extends LitElement {
  static override styles = [tokens, controls, frame, debuggerStyles];

  @property({ attribute: false }) accessor session: ExplorerSession | null = null;
  @property({ attribute: false }) accessor version = 0;
  @state() private accessor drawn = 0;
  @state() private accessor width = 600;
  @query('.detail') private accessor detail: HTMLElement | null = null;
  private run: DebugRun | null = null;
  private readonly watcher = new ResizeObserver(([{ contentRect }]) => {
    this.width = Math.max(LEAST_WIDTH, Math.floor(contentRect.width) - 34);
  });

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watcher.disconnect();
  }

  override willUpdate(): void {
    if (this.session && !this.run) {
      this.run = new DebugRun(this.session, () => {
        this.drawn++;
      });
    }
    const { place } = this;
    this.run?.follow(place, this.shown(place));
  }

  override updated(): void {
    this.watcher.disconnect();
    if (this.detail) this.watcher.observe(this.detail);
  }

  private get place(): DebuggerPlace {
    return readDebugger(this.session?.place.more ?? {});
  }

  private shown({ step }: DebuggerPlace): DebuggedDispatch | null {
    const { dispatches = [] } = this.run?.opened ?? {};
    return dispatches[Math.min(step, dispatches.length - 1)] ?? null;
  }

  private go(change: Partial<DebuggerPlace>): void {
    const { session } = this;
    session?.go({ more: writeDebugger(session.place.more, change) }, { replace: !('plan' in change) });
  }

  /** As many dispatches have run then; the last of them is shown. */
  private runTo(at: number): void {
    this.go({ at, step: Math.max(0, at - 1), buffer: '', set: 0, from: 0 });
  }

  /** As the address says it now, which may be more than is drawn. */
  private nextStop(total: number): number {
    const { at, breaks } = this.place;
    return nextStop(Math.min(at, total), breaks, total);
  }

  private select(step: number): void {
    this.go({ step, buffer: '', set: 0, from: 0 });
  }

  override render(): TemplateResult {
    const { session, run, place } = this;
    if (!session || !run) return html``;
    if (session.opened?.recorded) {
      return html`<p class="message doubt">There is no WebGPU here, and a debugger has nothing to run on.</p>`;
    }
    const shown = this.shown(place);
    return html`<div class="debugger" data-at=${run.at} data-busy=${run.busy ? 'yes' : 'no'} data-drawn=${this.drawn}>
      ${this.controls(run, place)}
      ${run.failure ? html`<p class="message bad" role="alert">${run.failure}</p>` : nothing}
      <div class="split">
        <section class="card" aria-label="Dispatches">
          ${this.phases(run)}
          <chexgpu-dispatches
            .dispatches=${run.opened?.dispatches ?? []}
            .selected=${shown?.index ?? 0}
            .at=${run.at}
            .breaks=${place.breaks}
            .times=${new Map(run.times)}
            @select=${(event: CustomEvent<number>) => this.select(event.detail)}
            @run=${(event: CustomEvent<number>) => this.runTo(event.detail + 1)}
            @break=${(event: CustomEvent<number>) => this.go({ breaks: toggled(this.place.breaks, event.detail) })}
          ></chexgpu-dispatches>
          <p class="quiet">${sums(run)}</p>
        </section>
        <div class="detail">${shown ? this.details(run, place, shown) : nothing}</div>
      </div>
    </div>`;
  }

  private controls(run: DebugRun, place: DebuggerPlace): TemplateResult {
    const { total, opened } = run;
    const at = Math.min(place.at, total);
    const ready = opened !== null;
    const stop = this.nextStop(total);
    return html`<div class="card bar">
      <label class="field"
        >Plan of
        <select
          id="plan"
          .value=${live(place.plan)}
          @change=${(event: Event) => {
            const plan = (event.target as HTMLSelectElement).value as DebuggerPlace['plan'];
            this.go({ plan, at: 0, step: 0, breaks: [], buffer: '', set: 0, from: 0 });
          }}
        >
          <option value="train" ?selected=${place.plan === 'train'}>a training step</option>
          <option value="predict" ?selected=${place.plan === 'predict'}>a prediction</option>
        </select>
      </label>
      <div class="row" role="group" aria-label="Run">
        <button type="button" ?disabled=${!ready || at === 0} @click=${() => this.runTo(0)}>To the start</button>
        <button
          type="button"
          ?disabled=${!ready || at === 0}
          @click=${() => this.runTo(Math.max(0, Math.min(total, this.place.at) - 1))}
        >
          One back
        </button>
        <button
          type="button"
          id="one"
          class="primary"
          ?disabled=${!ready || at >= total}
          @click=${() => this.runTo(Math.min(total, this.place.at + 1))}
        >
          One on
        </button>
        <button
          type="button"
          id="run"
          ?disabled=${!ready || at >= total}
          @click=${() => this.runTo(this.nextStop(total))}
        >
          ${stop < total ? `Run to break ${stop + 1}` : 'Run to the end'}
        </button>
      </div>
      <p class="status" id="status" role="status">${statusWords(run, place)}</p>
    </div>`;
  }

  /** Where each part of the plan begins. */
  private phases({ opened }: DebugRun): TemplateResult {
    const dispatches = opened?.dispatches ?? [];
    const parts = PHASES.map((phase) => ({ phase, all: dispatches.filter((one) => one.phase === phase) }));
    return html`<div class="row phases" role="group" aria-label="Parts of the plan">
      ${parts
        .filter(({ all }) => all.length > 0)
        .map(
          ({ phase, all }) =>
            html`<button type="button" @click=${() => this.select(all[0].index)}>
              ${phase} <span class="quiet">${all.length}</span>
            </button>`,
        )}
    </div>`;
  }

  private details(run: DebugRun, place: DebuggerPlace, shown: DebuggedDispatch): TemplateResult {
    const { index, label, kernel, phase } = shown;
    const { at, opened, peaks, times } = run;
    const state = index < at ? 'has run' : index === at ? 'is next' : 'has not run';
    const isBreak = place.breaks.includes(index);
    const buffer = bufferOf(shown, place.buffer);
    const facts = factsOf(shown, times.get(index), peaks, sourceOf(opened?.clock ?? 'gpu', times.values()));
    return html`<section class="card" aria-label="The dispatch">
        <div class="title">
          <h2>${index + 1}. ${label}</h2>
          <p class="quiet"><code>${kernel}</code>, ${phase}; ${state}</p>
        </div>
        <div class="row">
          <button type="button" ?disabled=${index + 1 === at} @click=${() => this.runTo(index + 1)}>
            Run up to here
          </button>
          <button
            type="button"
            id="break"
            aria-pressed=${isBreak ? 'true' : 'false'}
            @click=${() => this.go({ breaks: toggled(this.place.breaks, index) })}
          >
            Break in front of it
          </button>
          ${
            peaks
              ? nothing
              : html`<button type="button" ?disabled=${run.busy !== ''} @click=${() => this.measure(run)}>
                  Measure the adapter's peak
                </button>`
          }
        </div>
        ${run.peaksFailure ? html`<p class="message bad" role="alert">${run.peaksFailure}</p>` : nothing}
        <dl class="facts">
          ${facts.map(({ what, value }) => html`<div><dt>${what}</dt><dd>${value}</dd></div>`)}
        </dl>
      </section>
      <section class="card" aria-label="Buffers">
        <h2>Buffers</h2>
        <div class="buffers" role="group" aria-label="Buffer to look at">
          ${shown.buffers.map((one) => {
            const slice = sliceWords(one);
            return html`<button
              type="button"
              aria-pressed=${one === buffer ? 'true' : 'false'}
              @click=${() => this.go({ buffer: one.binding, set: 0, from: 0 })}
            >
              <b>${one.writes ? 'writes' : 'reads'} ${one.binding}</b>
              <span>${one.label} [${one.shape.join(',')}]${slice ? `, ${slice}` : ''}</span>
            </button>`;
          })}
        </div>
        <div class="look" data-binding=${buffer.binding}>
          ${bufferLook({
            ...{
              dispatch: shown,
              buffer,
              look: run.lookOf(place, shown),
              at,
              set: place.set,
              from: place.from,
              width: this.width,
            },
            labelOf: (one) => opened?.dispatches[one]?.label ?? '',
            go: (change) => this.go(change),
          })}
        </div>
      </section>
      <section class="card" aria-label="The kernel">
        <h2>The kernel</h2>
        <chexgpu-kernel-text
          .dispatch=${shown}
          .shown=${place.text}
          ?narrow=${this.width < 560}
          @show=${(event: CustomEvent<DebuggerPlace['text']>) => this.go({ text: event.detail })}
        ></chexgpu-kernel-text>
      </section>`;
  }

  private measure(run: DebugRun): void {
    run.measurePeaks();
    this.drawn++;
  }
}

function statusWords({ busy, opened, at, total, failure }: DebugRun, place: DebuggerPlace): string {
  if (failure) return 'Stopped.';
  if (busy && busy !== 'Reading') return `${busy} …`;
  if (!opened) return 'Waiting for the GPU …';
  const breaks =
    place.breaks.length === 0 ? '' : ` Breaks: ${place.breaks.map((one) => one + 1).join(', ')}.`;
  if (at >= total) return `At the end: all ${total} dispatches have run.${breaks}`;
  const next = opened.dispatches[at];
  return `In front of dispatch ${at + 1} of ${total}, ${next?.label} (${next?.kernel}).${breaks}`;
}

function sums({ opened, times, peaks, at }: DebugRun): string {
  if (!opened) return '';
  const { dispatches, clock } = opened;
  const total = [...times.values()].reduce((sum, ns) => sum + ns, 0) / 1e6;
  const ran = times.size === dispatches.length ? 'all' : `${times.size} of ${dispatches.length}`;
  const peakWords = peaks
    ? ` The adapter reaches ${peaks.gflops.toFixed(1)} GFLOP/s and ${peaks.gbs.toFixed(1)} GB/s at most.`
    : '';
  const timeWords =
    at > 0 && times.size > 0
      ? `${total.toFixed(1)} ms for ${ran}, ${SOURCE_WORDS[sourceOf(clock, times.values())]}.`
      : '';
  return `${timeWords}${peakWords}`;
}
