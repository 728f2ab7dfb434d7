/**
 * Draws the pictures of docs/how-it-works, all or those named.
 *
 *   node scripts/howItWorks/run.mjs [dense ...]
 */
import { runBundled } from '../runBundled.mjs';

await runBundled('scripts/howItWorks/main.ts', 'how-it-works');
