import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { registryReadme, repositoryPage } from '../../../scripts/package/readme.mjs';

const README = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');
const targets = (text: string) => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);

describe('the README on the page of a registry', () => {
  it('has no link that leads nowhere', () => {
    expect(targets(README).filter((target) => !/^(https?:|#)/.test(target)).length).toBeGreaterThan(5);
    expect(
      targets(registryReadme(README, undefined)).filter((target) => !/^(https?:|#)/.test(target)),
    ).toEqual([]);
    expect(
      registryReadme(
        'See [the map](docs/a.md#b), ![a curve](c.svg), [x](#y) and [z](https://z.z).',
        undefined,
      ),
    ).toBe('See the map, *a curve*, [x](#y) and [z](https://z.z).');
  });

  it('links into the repository that package.json names', () => {
    const page = 'https://github.com/a/b';
    for (const field of [page, 'github:a/b', { url: `git+${page}.git` }])
      expect(repositoryPage(field)).toBe(page);
    expect(repositoryPage(undefined)).toBeUndefined();
    expect(registryReadme('[the map](docs/a.md#b) ![c](c.svg)', page)).toBe(
      `[the map](${page}/blob/HEAD/docs/a.md#b) ![c](${page}/raw/HEAD/c.svg)`,
    );
    expect(targets(registryReadme(README, page)).filter((target) => !/^(https?:|#)/.test(target))).toEqual(
      [],
    );
  });
});
