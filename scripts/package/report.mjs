/**
 * The package in numbers: what a page loads of it, how long Node takes to import it, what is in the tarball.
 *
 *   npm run check:package
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { measureSizes, sizeTable } from './sizes.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TRIES = 5;

/** [wall clock, CPU] of an import in a process of its own, in ms: the fewest, as other work only adds. */
function importTime(module) {
  const program = `const [start, cpu] = [performance.now(), process.cpuUsage()];
    await import(${JSON.stringify(module)});
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify([performance.now() - start, (user + system) / 1000]))`;
  const times = Array.from({ length: TRIES }, () =>
    JSON.parse(String(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root }))),
  );
  return [0, 1].map((i) => Math.min(...times.map((time) => time[i])));
}

console.log(sizeTable(await measureSizes()));
for (const module of ['chexgpu', 'chexgpu/node']) {
  const [wall, cpu] = importTime(module).map((ms) => ms.toFixed(0));
  console.log(
    `${`import '${module}' in Node`.padEnd(40)} ${wall.padStart(6)} ms, ${cpu} ms of them computing`,
  );
}
const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: root,
  stdio: 'pipe',
});
const text = String(packed);
const [{ size, unpackedSize, files }] = JSON.parse(text.slice(text.indexOf('[\n')));
const large = files
  .filter((file) => file.size > 1e6)
  .map((file) => `${file.path} ${(file.size / 1e6).toFixed(1)} MB`);
console.log(
  `tarball ${(size / 1e6).toFixed(1)} MB, unpacked ${(unpackedSize / 1e6).toFixed(1)} MB; ${large.join(', ')}`,
);
