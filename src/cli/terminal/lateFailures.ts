/** Parts of a command that fail late: said, kept for the report and the exit code, and the rest goes on. */
import type { Problem } from '../../eval/report/reportData.js';
import type { CommandContext } from '../session/commandContext.js';
import { failureOf } from './failures.js';

export class Problems {
  readonly list: Problem[] = [];
  private code = 0;

  constructor(private readonly context: CommandContext) {}

  /** That of the first failure; 0 where nothing failed. */
  get exitCode(): number {
    return this.code;
  }

  add(part: string, error: unknown): void {
    const { message, exitCode } = failureOf(error);
    this.list.push({ part, message });
    this.code ||= exitCode;
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
