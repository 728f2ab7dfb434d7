/**
 * Shaders as a page gets them: without comments and without spaces that mean nothing, and with short names for what
 * only the shader itself knows. What the host calls by name keeps its name: constants, aliases, bindings, the fields of
 * `Params`, `main`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../src/shaders', import.meta.url));

/** The loader's marks are tokens, too. */
const TOKEN =
  /\/\*(?:unroll|registers)\*\/|[A-Za-z_]\w*|\d[\w.]*|<<=|>>=|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|\S/g;
const MARKED = /\/\*(?!unroll\*\/|registers\*\/)[\s\S]*?\*\/|\/\/.*/g;
const NAME = /^[A-Za-z_]/;

/** Words of WGSL that no shader here has. */
const RESERVED = ['as', 'do', 'if', 'fn', 'of'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** What a compiler of WGSL sees, and the loader. */
export function tokensOf(text) {
  return text.replace(MARKED, ' ').match(TOKEN) ?? [];
}

/**
 * Which tokens are names that only the shader knows: what its functions declare, its functions but for `main`, and what
 * a workgroup shares. Members, fields and attributes may be called the same, and are not.
 */
function isOwnName(tokens) {
  const own = new Set();
  // A local name may hide one of these.
  const hosts = new Set();
  let braces = 0;
  let brackets = 0;
  let inStruct = false;
  const couldBe = tokens.map((token, i) => {
    const [before, behind] = [tokens[i - 1], tokens[i + 1]];
    if (token === 'struct') inStruct = true;
    if (token === '{' && !inStruct) braces++;
    if (token === '}' && !inStruct) braces--;
    if (token === '}') inStruct = false;
    if (token === '(') brackets++;
    if (token === ')') brackets--;
    if (inStruct || !NAME.test(token) || before === '.' || before === '@') return false;
    const isLocal = braces > 0 && ['let', 'var', 'const'].includes(before);
    const isParameter = braces === 0 && brackets > 0 && behind === ':';
    const isFunction = before === 'fn' && token !== 'main';
    const isShared = tokens.slice(i - 4, i).join('') === 'var<workgroup>';
    if (isLocal || isParameter || isFunction || isShared) own.add(token);
    else if (braces === 0 && ['const', 'alias', '>'].includes(before)) hosts.add(token);
    return true;
  });
  return tokens.map((token, i) => couldBe[i] && own.has(token) && !hosts.has(token));
}

/** The same short name for the same name in all shaders, so that their texts stay alike: the most frequent first. */
function shortNames(texts) {
  const uses = new Map();
  const kept = new Set(RESERVED);
  for (const tokens of texts.map(tokensOf)) {
    const own = isOwnName(tokens);
    tokens.forEach((token, i) => {
      if (own[i]) uses.set(token, (uses.get(token) ?? 0) + 1);
      else if (NAME.test(token)) kept.add(token);
    });
  }
  const free = [...LETTERS, ...LETTERS.flatMap((one) => LETTERS.map((two) => one + two))].filter(
    (name) => !kept.has(name),
  );
  const names = [...uses].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name);
  return new Map(names.map((name, i) => [name, free[i]]));
}

const shaderFiles = () =>
  readdirSync(FOLDER, { recursive: true })
    .filter((file) => file.endsWith('.wgsl'))
    .sort();

/** All shaders as they stand, by path from the root of the source tree: JSON, for pages that show them. */
export function shaderTexts() {
  const texts = shaderFiles().map((file) => [
    `src/shaders/${file.replaceAll('\\', '/')}`,
    readFileSync(join(FOLDER, file), 'utf8'),
  ]);
  return JSON.stringify(Object.fromEntries(texts));
}

let short;

/** Of the shaders of this tree; read once. */
function namesOfTree() {
  short ??= shortNames(shaderFiles().map((file) => readFileSync(join(FOLDER, file), 'utf8')));
  return short;
}

/** Whether two tokens without a space between them would be others. */
function needsSpace(left, right) {
  if (/\w$/.test(left) && /^\w/.test(right)) return true;
  const both = (left + right).match(TOKEN);
  return both.length !== 2 || both[0] !== left;
}

/** @param text of a shader of this tree. @returns one line per declaration outside of functions */
export function smallWgsl(text) {
  const names = namesOfTree();
  const tokens = tokensOf(text);
  const own = isOwnName(tokens);
  let out = '';
  let last = '';
  let depth = 0;
  tokens.forEach((token, i) => {
    const word = own[i] ? names.get(token) : token;
    if (last && last !== '\n' && needsSpace(last, word)) out += ' ';
    out += word;
    last = word;
    if ('{(['.includes(token)) depth++;
    if ('})]'.includes(token)) depth--;
    if (depth === 0 && (token === ';' || token === '}')) {
      out += '\n';
      last = '\n';
    }
  });
  return out;
}

/** Those of the library; the bench's are few, and names of theirs are not among the short ones. */
function textOf(path) {
  const text = readFileSync(path, 'utf8');
  return path.startsWith(FOLDER) ? smallWgsl(text) : text;
}

/** For esbuild: text, made small. */
export const shaders = {
  name: 'shaders',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: textOf(path),
      loader: 'text',
    })),
};
