/**
 * The check whether a picture is a frontal chest X-ray (src/data/checks/frontalChest.ts).
 *
 *   node scripts/chestCheck/run.mjs fit                    writes src/data/checks/chestModel.ts anew
 *   node scripts/chestCheck/run.mjs measure [FOLDER ...]   how often it warns of new drawings, and of what lies there
 */
import { runBundled } from '../runBundled.mjs';

await runBundled('scripts/chestCheck/main.ts', 'chestCheck');
