/**
 * The same five tasks in a page with chexgpu, TensorFlow.js, ONNX Runtime and transformers.js: lines, sizes, install,
 * time to the first result. Prints the tables of docs/embedding.md.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measureInstall } from './installs.js';
import { LIBRARIES } from './libraries.js';
import { measureRows } from './pages/measureRows.js';
import { adapterOf, inFreshBrowser } from './pages/runPage.js';
import { openSite } from './pages/site.js';
import { type EmbeddingReport, reportTables } from './report.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    side: { type: 'string', default: '64' },
    count: { type: 'string', default: '2' },
    /** Programs, as `tfjs/batch`; default: all. */
    only: { type: 'string', multiple: true },
    /** Further rounds only within this. */
    minutes: { type: 'string', default: '60' },
    'no-install': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const say = (message: string) => console.error(message);
const root = process.cwd();
const [side, count, rounds] = [values.side, values.count, values.rounds].map(Number);

const site = await openSite({ root, side, count, say, only: values.only });
try {
  const report: EmbeddingReport = {
    date: new Date().toISOString(),
    ...(await inFreshBrowser((page) => adapterOf(page, site.server))),
    machine: `${cpus().length} x ${cpus()[0].model}`,
    load: [loadavg()[0]],
    side,
    count,
    installs: [],
    rows: site.rows,
  };
  const save = () => values.json && writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
  if (!values['no-install']) {
    for (const library of LIBRARIES) {
      say(`npm i of ${library}`);
      report.installs.push(measureInstall(library, root));
    }
  }
  const deadline = Date.now() + Number(values.minutes) * 60_000;
  await measureRows(site.server, report.rows, { rounds, deadline, say, save });
  report.load.push(loadavg()[0]);
  save();
  console.log(reportTables(report));
} finally {
  await site.close();
}
