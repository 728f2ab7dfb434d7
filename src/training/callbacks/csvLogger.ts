/** Callback: a table with a row per epoch and a column per log. Keras' `CSVLogger`, to the last byte. */
import { requireFields, requireFunction, shown, trueOrFalse } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { pythonFloat } from '../../core/pythonFormat.js';
import { type StateValue, stateFields } from '../../core/stateValue.js';
import type { Callback, EpochInfo } from './callback.js';

export interface CSVLoggerOptions {
  /**
   * Gets every line as it is written, the first with the header before it; in Node `appendFile` for example. It is
   * waited for.
   * @param whole all lines so far, for what can only be written as a whole
   */
  write(lines: string, whole: string): void | Promise<void>;
  /** One character. Default: a comma. */
  separator?: string;
  /** The lines go behind those of an earlier training: no header. Default: false. */
  append?: boolean;
}

/**
 * The columns are `epoch`, from 0, and the logs of the first epoch by name. A log that is missing later is NA, and one
 * that comes later has no column. Where the first epoch has no log of a validation, each gets a column `val_` as well.
 */
export class CSVLogger implements Callback {
  readonly name = 'CSVLogger';
  private readonly options: Required<CSVLoggerOptions>;
  private columns: readonly string[] | null = null;
  private whole = '';

  /** @throws UsageError naming the option that makes no sense */
  constructor(options: CSVLoggerOptions) {
    requireFields('The options of CSVLogger', options, ['write', 'separator', 'append']);
    const { write, separator = ',' } = options;
    requireFunction('write', write);
    if (typeof separator !== 'string' || separator.length !== 1 || '"\r\n'.includes(separator)) {
      throw new UsageError(
        `separator is ${shown(separator)}, it must be one character, and no quote or line end.`,
      );
    }
    this.options = { write, separator, append: trueOrFalse('append', options.append ?? false) };
  }

  onTrainBegin(): void {
    this.columns = null;
    this.whole = '';
  }

  async onEpoch({ epoch, logs }: EpochInfo): Promise<void> {
    let lines = '';
    if (this.columns === null) {
      this.columns = columnsOf(logs);
      if (!this.options.append) lines = this.row(['epoch', ...this.columns]);
    }
    const cells = this.columns.map((name) => cell(logs[name]));
    lines += this.row([String(epoch), ...cells]);
    this.whole += lines;
    await this.options.write(lines, this.whole);
  }

  state(): StateValue {
    const { columns, whole } = this;
    return { columns, whole };
  }

  restore(state: StateValue): void {
    Object.assign(this, stateFields(this.name, state, ['columns', 'whole']));
  }

  /** As Python's `csv` does: a cell is quoted where it has to be. */
  private row(cells: readonly string[]): string {
    const { separator } = this.options;
    const quoted = cells.map((text) =>
      text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text,
    );
    return `${quoted.join(separator)}\r\n`;
  }
}

function columnsOf(logs: EpochInfo['logs']): string[] {
  const names = Object.keys(logs).filter((name) => logs[name] !== undefined);
  names.sort((a, b) => (a < b ? -1 : 1));
  return names.some((name) => name.startsWith('val_'))
    ? names
    : [...names, ...names.map((name) => `val_${name}`)];
}

const cell = (value: number | undefined) => (value === undefined ? 'NA' : pythonFloat(value));
