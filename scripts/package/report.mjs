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

/** Milliseconds that an import takes in a process of its own: the fewest, as other work only adds. */
function importTime(module) {
  const program = `const start = performance.now(); await import(${JSON.stringify(module)});
    console.log(performance.now() - start)`;
  const times = Array.from({ length: TRIES }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root })),
  );
  return Math.min(...times);
}

console.log(sizeTable(await measureSizes()));
for (const module of ['chexgpu', 'chexgpu/node']) {
  console.log(`${`import '${module}' in Node`.padEnd(40)} ${importTime(module).toFixed(0).padStart(6)} ms`);
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
