/**
 * The README as a registry shows it. There a link to a file of this tree leads nowhere: it becomes one into the
 * repository that package.json names, or, while it names none, words. `npm pack` and `npm publish` call this before
 * and after.
 *
 *   node scripts/package/readme.mjs put | back
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = join(root, 'README.md');
const kept = join(root, 'node_modules', '.cache', 'README.md');

/** A link or a picture whose target is neither an address nor a place on the page. */
const RELATIVE = /(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)]+)\)/g;

/** @param repository the address of the repository's pages, or undefined */
export function registryReadme(text, repository) {
  return text.replace(RELATIVE, (_, picture, words, path) => {
    if (!repository) return picture ? `*${words}*` : words;
    return `${picture}[${words}](${repository}/${picture ? 'raw' : 'blob'}/HEAD/${path})`;
  });
}

/** `https://host/owner/name` of package.json's `repository`, however it is written. */
export function repositoryPage(field) {
  const url = typeof field === 'string' ? field : field?.url;
  return url
    ?.replace(/^git\+/, '')
    .replace(/^github:/, 'https://github.com/')
    .replace(/\.git$/, '');
}

/** Puts the README for a registry in its place, and back: only what this has put there is replaced. */
function exchange(way) {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const forRegistry = (file) => registryReadme(readFileSync(file, 'utf8'), repositoryPage(repository));
  const isPut = existsSync(kept) && readFileSync(readme, 'utf8') === forRegistry(kept);
  if (way === 'put' && !isPut) {
    mkdirSync(dirname(kept), { recursive: true });
    copyFileSync(readme, kept);
    writeFileSync(readme, forRegistry(kept));
  }
  if (way === 'back' && isPut) copyFileSync(kept, readme);
  if (way === 'back') rmSync(kept, { force: true });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) exchange(process.argv[2]);
