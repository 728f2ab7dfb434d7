/** What is said of pixels that lost something on their way to 0..255. */
import type { DecodePool } from '../../data/images/decodePool.node.js';
import { inWords, pixelFindings } from '../../data/images/pixelFacts.js';
import type { WorkContext } from '../reporter.js';

/** Warns of what the images decoded so far are like; of each kind once. */
export class PixelWarnings {
  private readonly said = new Set<string>();

  constructor(
    private readonly context: Pick<WorkContext, 'out'>,
    private readonly pool: DecodePool,
  ) {}

  say(): void {
    for (const finding of pixelFindings(this.pool.facts)) {
      if (this.said.has(finding.kind)) continue;
      this.said.add(finding.kind);
      this.context.out.warn(inWords(finding));
    }
  }
}
