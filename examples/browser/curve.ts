/** Callback: the loss of each training step, as a line in an SVG and in a table. */
import type { Callback, StepInfo, TrainingContext } from 'chexgpu';
import { byId, make } from './dom.js';

const WIDTH = 400;
const HEIGHT = 190;
const MARGIN = { left: 46, right: 12, top: 12, bottom: 34 };
const SVG = 'http://www.w3.org/2000/svg';

function svg(tag: string, attributes: Record<string, string | number>, text = ''): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

/** About `count` round numbers that cover low..high. */
function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

export class LossCurve implements Callback {
  private readonly root = byId('curve', SVGSVGElement);
  private readonly rows = byId('losses', HTMLTableSectionElement);
  private readonly title = byId('curve-title', SVGTitleElement);
  private losses: number[] = [];
  private steps = 1;

  onTrainBegin({ stepsPerEpoch }: TrainingContext): void {
    this.losses = [];
    this.steps = stepsPerEpoch;
    this.rows.replaceChildren();
    this.root.removeAttribute('hidden');
    this.draw();
  }

  onStep({ loss, imagesPerSecond }: StepInfo): void {
    this.losses.push(loss);
    const value = make('td', { textContent: loss.toFixed(4) });
    value.dataset.loss = String(loss);
    const step = make('th', { scope: 'row', textContent: String(this.losses.length) });
    this.rows.append(make('tr', {}, step, value, make('td', { textContent: imagesPerSecond.toFixed(2) })));
    this.draw();
  }

  private draw(): void {
    const { losses, steps } = this;
    const drawn: Element[] = [this.title];
    const yTicks = losses.length > 0 ? ticks(Math.min(...losses), Math.max(...losses), 4) : [0, 1];
    const [low, high] = [yTicks[0], yTicks[yTicks.length - 1]];
    const bottom = HEIGHT - MARGIN.bottom;
    const right = WIDTH - MARGIN.right;
    const x = (step: number) => MARGIN.left + ((step - 1) / Math.max(1, steps - 1)) * (right - MARGIN.left);
    const y = (loss: number) => bottom - ((loss - low) / (high - low || 1)) * (bottom - MARGIN.top);
    const digits = Math.max(0, Math.ceil(-Math.log10(yTicks[1] - yTicks[0])));
    for (const tick of yTicks) {
      drawn.push(svg('line', { x1: MARGIN.left, x2: right, y1: y(tick), y2: y(tick), class: 'rule' }));
      if (losses.length === 0) continue;
      drawn.push(
        svg('text', { x: MARGIN.left - 7, y: y(tick) + 4, class: 'tick end' }, tick.toFixed(digits)),
      );
    }
    for (const step of new Set(ticks(1, steps, 5).map((t) => Math.min(steps, Math.max(1, Math.round(t)))))) {
      drawn.push(svg('text', { x: x(step), y: bottom + 16, class: 'tick' }, String(step)));
    }
    drawn.push(svg('text', { x: (MARGIN.left + right) / 2, y: HEIGHT - 3, class: 'tick' }, 'training step'));
    if (losses.length > 0) {
      const points = losses.map((loss, i) => `${x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`);
      drawn.push(svg('polyline', { points: points.join(' '), class: 'line' }));
      const [cx, cy] = points[points.length - 1].split(',');
      drawn.push(svg('circle', { cx, cy, r: 4, class: 'dot' }));
      const last = losses[losses.length - 1];
      this.title.textContent =
        `Loss of each training step: ${losses.length} of ${steps} taken, ` +
        `from ${losses[0].toFixed(3)} to ${last.toFixed(3)}`;
    }
    this.root.replaceChildren(...drawn);
  }
}
