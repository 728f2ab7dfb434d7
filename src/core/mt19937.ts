/**
 * NumPy's legacy random numbers (`np.random.seed`, `np.random.RandomState`), bit for bit, so that shuffles
 * come out in the order that Keras' generators gave. Algorithm: Matsumoto and Nishimura's MT19937 with
 * `init_genrand`; doubles and bounded integers as NumPy's legacy generator makes them. By hand, as no
 * package has NumPy's bits.
 */
import { UsageError } from './errors.js';

const N = 624;
const M = 397;
const UPPER = 0x80000000;
const LOWER = 0x7fffffff;

/** Everything that decides the numbers still to come. */
export interface MT19937State {
  readonly key: Uint32Array;
  readonly position: number;
}

/** NumPy's `RandomState`: the same seed gives the same numbers, bit for bit. */
export class MT19937 {
  private readonly key = new Uint32Array(N);
  private position = N;

  /**
   * Equal to `np.random.RandomState(seed)`.
   * @param seed an integer in [0, 2^32)
   * @throws UsageError when the seed is anything else
   */
  constructor(seed: number) {
    this.seed(seed);
  }

  /** A generator nobody can repeat, as `np.random.seed(None)`. */
  static fromEntropy(): MT19937 {
    const word = new Uint32Array(1);
    globalThis.crypto.getRandomValues(word);
    return new MT19937(word[0]);
  }

  /** Starts again from a seed, as `np.random.seed(seed)`. */
  seed(seed: number): void {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new UsageError(`The seed ${seed} is not usable.`, 'Give an integer between 0 and 4294967295.');
    }
    const key = this.key;
    key[0] = seed;
    for (let i = 1; i < N; i++) {
      const previous = key[i - 1] ^ (key[i - 1] >>> 30);
      key[i] = Math.imul(1812433253, previous) + i;
    }
    this.position = N;
  }

  /** The next word, an integer in [0, 2^32). */
  next32(): number {
    if (this.position === N) this.refill();
    let y = this.key[this.position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** A double in [0, 1) with 53 random bits: ((u >> 5) * 2^26 + (v >> 6)) / 2^53. */
  random(): number {
    const high = this.next32() >>> 5;
    const low = this.next32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** low + (high - low) * random(). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  /** An integer in [0, n), as `np.random.choice(n)` and `randint(n)`: words masked, too large ones rejected. */
  choice(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 0x100000000) {
      throw new UsageError(`Cannot choose among ${n} things.`, 'Give an integer between 1 and 4294967296.');
    }
    return this.interval(n - 1);
  }

  /** The numbers 0..n-1 shuffled, as `np.random.permutation(n)`: Fisher-Yates from the last element down. */
  permutation(n: number): Int32Array {
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.interval(i);
      const held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    return order;
  }

  getState(): MT19937State {
    return { key: this.key.slice(), position: this.position };
  }

  setState(state: MT19937State): void {
    this.key.set(state.key);
    this.position = state.position;
  }

  /** A second generator that goes on with the same numbers. */
  clone(): MT19937 {
    const twin = new MT19937(0);
    twin.setState(this.getState());
    return twin;
  }

  /** A uniform integer in [0, max]; a range of one number costs no draw. */
  private interval(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.next32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  private refill(): void {
    const key = this.key;
    for (let i = 0; i < N; i++) {
      const y = (key[i] & UPPER) | (key[(i + 1) % N] & LOWER);
      key[i] = key[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.position = 0;
  }
}
