/** Progress on stderr: a bar on a terminal; in a log, a line every few seconds at most. */
import { SingleBar } from 'cli-progress';
import { visible } from './visibleText.js';

/** Between two lines of a log: this, or in a long phase a twentieth of its time so far. */
const LINE_EVERY_MS = 5000;
/** What took less is not worth a line in a log. */
const BRIEF_MS = 1000;
const FORMAT = '{title} [{bar}] {value}/{total}{unit} {note}{rest}';

export class Progress {
  private readonly started = performance.now();
  private readonly title: string;
  private readonly bar: SingleBar | null;
  private lastLine = this.started;
  private done = 0;
  private written = -1;
  private note = '';
  private ended = false;

  constructor(
    title: string,
    private total: number,
    private readonly unit: string,
  ) {
    this.title = visible(title);
    this.bar = process.stderr.isTTY
      ? new SingleBar({
          format: FORMAT,
          stream: process.stderr,
          barsize: 24,
          barCompleteChar: '#',
          barIncompleteChar: '.',
          hideCursor: true,
          gracefulExit: false,
        })
      : null;
    this.bar?.start(total, 0, this.payload());
  }

  /** @param note more about this moment, e.g. the loss */
  update(done: number, note = this.note, total = this.total): void {
    if (this.ended) return;
    this.done = done;
    this.note = note;
    this.total = total;
    if (this.bar) {
      this.bar.setTotal(total);
      this.bar.update(done, this.payload());
      return;
    }
    const now = performance.now();
    if (now - this.lastLine < Math.max(LINE_EVERY_MS, (now - this.started) / 20)) return;
    this.lastLine = now;
    this.line();
  }

  /** Another one, or a line of text, has taken its place. */
  get over(): boolean {
    return this.ended;
  }

  /** Leaves the last state standing. Safe to call twice. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.bar) this.bar.stop();
    else if (performance.now() - this.started >= BRIEF_MS && this.written !== this.done) this.line();
  }

  private line(): void {
    this.written = this.done;
    const { title, unit, note, rest } = this.payload();
    process.stderr.write(`${title} ${this.done}/${this.total}${unit} ${note}${rest}`.trimEnd());
    process.stderr.write('\n');
  }

  private payload(): { title: string; unit: string; note: string; rest: string } {
    const elapsed = (performance.now() - this.started) / 1000;
    const left = this.done > 0 ? (elapsed / this.done) * (this.total - this.done) : Number.NaN;
    const rest = this.done >= this.total ? ` in ${clock(elapsed)}` : left >= 0 ? ` ETA ${clock(left)}` : '';
    return { title: this.title, unit: this.unit && ` ${this.unit}`, note: visible(this.note), rest };
  }
}

/** 0:07, 12:30, 1:02:03. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
