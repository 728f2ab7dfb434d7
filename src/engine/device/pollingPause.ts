/**
 * Waiting for a software GPU without burning the cores it runs on.
 *
 * While anything is pending, Dawn's Node binding asks for news in every turn of the event loop, so a plain `await`
 * keeps one core busy doing nothing. A software driver needs that core: on two cores a forward pass at 224 px spent
 * 1.27 s of CPU time on asking beside 1.47 s of work (2026-11-24, lavapipe 25.0.7). Sleeping a little between two
 * turns gives it back. A hardware GPU loses nothing by being asked, and would lose latency by being asked late.
 */

/** Turns of the event loop before the first sleep: short work is over by then. */
const EAGER_TURNS = 20;
const FIRST_SLEEP_MS = 0.1;
/** The longest sleep; the event loop stands still meanwhile. */
const LONGEST_SLEEP_MS = 2;

type Immediate = (callback: () => void) => unknown;

/** One loop sleeps for all who wait: several would sleep one after the other. */
let waiting = 0;
let sleeping = false;
let turn = 0;
let sleepMs = FIRST_SLEEP_MS;

function startAgain(): void {
  turn = 0;
  sleepMs = FIRST_SLEEP_MS;
}

async function sleepBetweenTurns(setImmediate: Immediate): Promise<void> {
  sleeping = true;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (waiting > 0) {
    await new Promise<void>((next) => void setImmediate(next));
    if (waiting === 0 || turn++ < EAGER_TURNS) continue;
    Atomics.wait(cell, 0, 0, sleepMs);
    sleepMs = Math.min(LONGEST_SLEEP_MS, sleepMs * 1.5);
  }
  sleeping = false;
}

/**
 * Waits for `promise`, sleeping between turns of the event loop. Where there is no `setImmediate` (browsers, which
 * do not ask that way) it is a plain `await`.
 */
export async function restUntil<T>(promise: Promise<T>): Promise<T> {
  const { setImmediate } = globalThis as { setImmediate?: Immediate };
  if (!setImmediate || typeof SharedArrayBuffer === 'undefined') return promise;
  startAgain();
  waiting++;
  if (!sleeping) void sleepBetweenTurns(setImmediate);
  try {
    return await promise;
  } finally {
    waiting--;
    startAgain();
  }
}
