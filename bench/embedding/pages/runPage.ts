/** Opens a page in a Chromium of its own and waits for its first result; then once more in the same one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { chromiumOptions } from '../../../test/support/programs/chromium.js';
import type { PageServer } from './servePages.js';

export interface Visit {
  /** From the start of the navigation to the result. */
  ms: number;
  values: number[] | Record<string, number>;
  /** What the task said of its progress, 0..1. */
  progress: number[];
  /** Bytes of JavaScript and WebAssembly, gzip, and of all else. */
  programBytes: number;
  dataBytes: number;
  /** Paths of what was loaded. */
  files: string[];
}

type Outcome = Pick<Visit, 'ms' | 'values' | 'progress'> | { error: string };

/** What a task of a page threw. */
export class TaskError extends Error {}

/** @throws TaskError with what the page said when its task fails; Error where that takes longer than `timeoutMs` */
export async function visit(page: Page, server: PageServer, name: string, timeoutMs: number): Promise<Visit> {
  server.given.length = 0;
  await page.goto(`${server.origin}/${name}/`, { timeout: timeoutMs });
  const handle = await page.waitForFunction(() => (globalThis as { outcome?: unknown }).outcome, undefined, {
    timeout: timeoutMs,
  });
  const outcome = (await handle.jsonValue()) as Outcome;
  if ('error' in outcome) throw new TaskError(outcome.error);
  const bytes = (program: boolean) =>
    server.given.filter((file) => file.program === program).reduce((sum, file) => sum + file.bytes, 0);
  const files = server.given.map(({ path }) => path);
  return { ...outcome, programBytes: bytes(true), dataBytes: bytes(false), files };
}

/** Hands a page of a fresh Chromium, with a profile of its own on the disk, to `work`. */
export async function inFreshBrowser<T>(work: (page: Page) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'chexgpu-profile-'));
  const context = await chromium.launchPersistentContext(profile, await chromiumOptions());
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const said: string[] = [];
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    return await work(page).catch((error: Error) => {
      error.message = [error.message, ...said.slice(0, 5)].join('\n');
      throw error;
    });
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** What a page here computes on, and in which browser. */
export async function adapterOf(page: Page, server: PageServer) {
  await page.goto(`${server.origin}/input/input.json`);
  const adapter = await page.evaluate(async () => {
    const info = (await navigator.gpu.requestAdapter())?.info;
    return [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ');
  });
  const version = await page.evaluate(() => navigator.userAgent.match(/Chrome\/[\d.]+/)?.[0] ?? '');
  return { adapter, browser: version };
}
