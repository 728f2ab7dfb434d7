/** Parts of the work that fail late: said and kept for the report, and the rest goes on. */
import type { Problem } from '../eval/report/reportData.js';
import type { WorkContext } from './reporter.js';

export class LateFailures {
  readonly list: Problem[] = [];
  /** What the first part failed with; null where none did. */
  first: { error: unknown } | null = null;

  /** @param describe an error in words for whoever started the work */
  constructor(
    private readonly context: WorkContext,
    private readonly describe: (error: unknown) => string,
  ) {}

  add(part: string, error: unknown): void {
    const message = this.describe(error);
    this.list.push({ part, message });
    this.first ??= { error };
    this.context.out.warn(`${part}: ${message}`);
  }

  /** What `work` gives; null where it fails. @throws what an interrupt makes it throw */
  async attempt<T>(part: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (this.context.signal.aborted) throw error;
      this.add(part, error);
      return null;
    }
  }
}
