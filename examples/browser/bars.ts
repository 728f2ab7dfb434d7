/** The fourteen probabilities as bars in the notebook's order; each is a button that explains its class. */
import { LABELS } from 'chexgpu';
import { byId, make, words } from './dom.js';

interface Row {
  item: HTMLLIElement;
  button: HTMLButtonElement;
  fill: HTMLElement;
  before: HTMLElement;
  value: HTMLElement;
  drawn: HTMLElement;
}

export class Bars {
  private readonly rows: Row[];
  private readonly legendBefore = byId('legend-before', HTMLElement);
  private readonly legendDrawn = byId('legend-drawn', HTMLElement);
  private probabilities: Float32Array | null = null;

  /** @param onChoose called with the index of the class that was chosen */
  constructor(onChoose: (classIndex: number) => void) {
    const list = byId('bars', HTMLOListElement);
    this.rows = LABELS.map((label, index) => {
      const fill = make('i', { className: 'fill' });
      const before = make('i', { className: 'before', hidden: true });
      const value = make('span', { className: 'value', textContent: '–' });
      const drawn = make('span', { className: 'drawn', hidden: true, title: 'drawn in this phantom' });
      drawn.append(make('span', { className: 'offscreen', textContent: '(drawn in this phantom)' }));
      const name = make('span', { className: 'name' }, words(label), drawn);
      const track = make('span', { className: 'track' }, fill, before);
      const button = make('button', { type: 'button', disabled: true }, name, track, value);
      button.setAttribute('aria-pressed', 'false');
      button.addEventListener('click', () => onChoose(index));
      const item = make('li', {}, button);
      item.dataset.label = label;
      list.append(item);
      return { item, button, fill, before, value, drawn };
    });
  }

  /** Shows p[14]; the numbers are on the items at full precision as data-probability. */
  show(probabilities: Float32Array): void {
    this.probabilities = probabilities;
    this.rows.forEach(({ item, fill, value }, i) => {
      const p = probabilities[i];
      item.dataset.probability = String(p);
      fill.style.width = `${100 * p}%`;
      value.textContent = p.toFixed(3);
    });
  }

  /** Marks where the bars are now, to compare with what comes. */
  rememberAsBefore(): void {
    const p = this.probabilities;
    if (!p) return;
    this.rows.forEach(({ before }, i) => {
      before.hidden = false;
      before.style.left = `${100 * p[i]}%`;
    });
    this.legendBefore.hidden = false;
  }

  /** Takes the marks and, with `values`, the numbers away. */
  clear({ values }: { values: boolean }): void {
    for (const { item, before, fill, value } of this.rows) {
      before.hidden = true;
      if (!values) continue;
      delete item.dataset.probability;
      fill.style.width = '0';
      value.textContent = '–';
    }
    this.legendBefore.hidden = true;
    if (values) this.probabilities = null;
  }

  /** Marks the findings that a phantom was drawn with. */
  markDrawn(findings: readonly string[]): void {
    this.rows.forEach(({ drawn }, i) => {
      drawn.hidden = !findings.includes(LABELS[i]);
    });
    this.legendDrawn.hidden = findings.length === 0;
  }

  select(classIndex: number | null): void {
    this.rows.forEach(({ button }, i) => {
      button.setAttribute('aria-pressed', String(i === classIndex));
    });
  }

  enable(enabled: boolean): void {
    for (const { button } of this.rows) button.disabled = !enabled || this.probabilities === null;
  }
}
