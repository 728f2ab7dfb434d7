/** Parts of a command that fail late give it its exit code. */
import { LateFailures } from '../../workflow/lateFailures.js';
import type { CommandContext } from '../session/commandContext.js';
import { failureOf } from './failures.js';

export class Problems extends LateFailures {
  constructor(context: CommandContext) {
    super(context, (error) => failureOf(error).message);
  }

  /** That of the first failure; 0 where nothing failed. */
  get exitCode(): number {
    return this.first ? failureOf(this.first.error).exitCode : 0;
  }
}
