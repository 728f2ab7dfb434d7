/** The `chexgpu` command. */
import { runCli } from './runCli.js';

process.exitCode = await runCli(process.argv.slice(2));
// All is said. A signal that comes while the process is on its way out changes nothing of how it ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit());
