/**
 * Records what the Explorer shows where there is no WebGPU.
 *
 *   node scripts/recordExplorer.mjs
 */
import { runBundled } from './runBundled.mjs';

await runBundled('web/pages/explorer/record/record.ts', 'record-explorer');
