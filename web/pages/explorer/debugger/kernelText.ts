/** `<chexgpu-kernel-text>`: what a kernel computes, its WGSL, and the naive one beside it with what differs marked. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { controls, tokens } from '../../../parts/tokens.js';
import type { TEXTS } from './debuggerPlace.js';
import { kernelTextStyles } from './kernelTextStyles.js';
import { type DiffLine, folded, lineDiff, sideBySide } from './lineDiff.js';
import { headOf, naiveFile, type ShaderTexts, shaderTexts, withoutHead } from './shaderTexts.js';
import type { DebuggedDispatch } from './types.js';

type Shown = (typeof TEXTS)[number];
const NAMES: Readonly<Record<Shown, string>> = {
  formula: 'Formula',
  differs: 'What differs',
  runs: 'What runs',
  naive: 'The naive one',
};

@customElement('chexgpu-kernel-text')
export class ChexgpuKernelText extends LitElement {
  static override styles = [tokens, controls, kernelTextStyles];

  @property({ attribute: false }) accessor dispatch: DebuggedDispatch | null = null;
  @property() accessor shown: Shown = 'formula';
  /** There is no room for two texts beside each other. */
  @property({ type: Boolean }) accessor narrow = false;
  @state() private accessor texts: ShaderTexts | null = null;
  @state() private accessor failure = '';

  override connectedCallback(): void {
    super.connectedCallback();
    shaderTexts().then(
      (texts) => {
        this.texts = texts;
      },
      (error: Error) => {
        this.failure = error.message;
      },
    );
  }

  override render(): TemplateResult {
    const { dispatch, texts, shown, failure } = this;
    if (failure) return html`<p class="quiet">${failure}</p>`;
    if (!dispatch || !texts) return html`<p class="quiet">Loading the shaders …</p>`;
    const text = texts[dispatch.file];
    if (text === undefined) return html`<p class="quiet">${dispatch.file} is not among the shaders.</p>`;
    return html`<div class="row" role="group" aria-label="What of the kernel is shown">
        ${Object.entries(NAMES).map(
          ([id, name]) =>
            html`<button
              type="button"
              aria-pressed=${id === shown ? 'true' : 'false'}
              @click=${() => this.dispatchEvent(new CustomEvent('show', { detail: id }))}
            >
              ${name}
            </button>`,
        )}
      </div>
      ${this.body(dispatch, text, texts)}`;
  }

  private body(dispatch: DebuggedDispatch, text: string, texts: ShaderTexts): TemplateResult {
    const { file } = dispatch;
    const naive = naiveFile(file);
    if (this.shown === 'formula') return formula(dispatch, texts[naive] ?? text);
    if (this.shown === 'runs') return listing(file, text, constantsWords(dispatch));
    if (this.shown === 'naive') return listing(naive, texts[naive] ?? text, '');
    if (naive === file) return sameText(dispatch);
    const lines = lineDiff(withoutHead(texts[naive] ?? ''), withoutHead(text));
    return differences(naive, file, lines, this.narrow);
  }
}

function constantsWords({ constants }: DebuggedDispatch): string {
  const set = Object.entries(constants).map(([name, value]) => `${name} = ${value}`);
  return set.length === 0 ? '' : `Here ${set.join(', ')}.`;
}

function formula(dispatch: DebuggedDispatch, text: string): TemplateResult {
  const { title, formula: lines } = headOf(text);
  return html`<p class="what">${title}</p>
    ${
      lines.length > 0
        ? html`<pre class="formula" tabindex="0" role="region" aria-label="Formula">${lines.join('\n')}</pre>`
        : nothing
    }
    <p class="quiet">
      From the head of <code>${naiveFile(dispatch.file)}</code>; it runs as <code>${dispatch.kernel}</code>.
      ${constantsWords(dispatch)}
    </p>`;
}

function sameText(dispatch: DebuggedDispatch): TemplateResult {
  const words =
    dispatch.variant === 'naive'
      ? 'The naive kernel runs here.'
      : 'The text of the naive kernel runs here, four channels at once: alias Real = vec4f in the place of f32.';
  return html`<p>${words}</p>
    <p class="quiet">${constantsWords(dispatch)}</p>`;
}

function listing(file: string, text: string, words: string): TemplateResult {
  return html`<p class="quiet"><code>${file}</code> ${words}</p>
    <div class="code" tabindex="0" role="region" aria-label=${`WGSL of ${file}`}>
      <table>
        ${text
          .trimEnd()
          .split('\n')
          .map((line, i) => html`<tr><td class="at">${i + 1}</td><td>${code(line)}</td></tr>`)}
      </table>
    </div>`;
}

/** Comments in gray. */
function code(line: string): TemplateResult {
  const at = line.indexOf('//');
  return at < 0 ? html`${line}` : html`${line.slice(0, at)}<i>${line.slice(at)}</i>`;
}

function differences(
  naive: string,
  file: string,
  lines: readonly DiffLine[],
  narrow: boolean,
): TemplateResult {
  const gone = lines.filter(({ kind }) => kind === 'left').length;
  const come = lines.filter(({ kind }) => kind === 'right').length;
  const cell = (line: DiffLine | null, side: 'left' | 'right') => {
    const changed = line !== null && line.kind !== 'both';
    const sign = changed ? (side === 'left' ? '−' : '+') : '';
    return html`<td class="at">${line ? line[side] || '' : ''}</td>
      <td class=${changed ? side : line ? '' : 'empty'}><b>${sign}</b>${line ? code(line.text) : ''}</td>`;
  };
  return html`<p class="quiet">
      <b class="left">−</b> ${gone} lines of <code>${naive}</code> only,
      <b class="right">+</b> ${come} lines of <code>${file}</code> only.
    </p>
    <div class="code" tabindex="0" role="region" aria-label="The naive kernel beside the one that runs">
      <table class=${narrow ? 'one' : 'two'}>
        ${narrow ? nothing : html`<colgroup><col class="at" /><col /><col class="at" /><col /></colgroup>`}
        ${folded(sideBySide(lines)).map((row) => {
          if (typeof row === 'number')
            return html`<tr class="fold"><td colspan="4">${row} the same</td></tr>`;
          const { left, right } = row;
          if (!narrow) return html`<tr>${cell(left, 'left')}${cell(right, 'right')}</tr>`;
          if (left === right) return html`<tr>${cell(left, 'left')}</tr>`;
          return html`${left ? html`<tr>${cell(left, 'left')}</tr>` : nothing}${
            right ? html`<tr>${cell(right, 'right')}</tr>` : nothing
          }`;
        })}
      </table>
    </div>`;
}
