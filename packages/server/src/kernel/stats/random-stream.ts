/** A seeded stream of random numbers, so that what is drawn can be drawn again. Not for secrets. */

/** Uniform in [0, 1), 32 bits a draw. */
export type RandomStream = () => number;

/** xoshiro128** (Blackman & Vigna 2018), its state filled from the seed by the finaliser of MurmurHash3. */
export function createRandomStream(seed: number): RandomStream {
  const state = new Uint32Array(4);
  for (let at = 0; at < 4; at += 1) state[at] = scramble(seed + Math.imul(at + 1, 0x9e_37_79_b9));
  return () => {
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    state[2] = c ^ a;
    state[3] = d ^ b;
    state[1] = b ^ state[2];
    state[0] = a ^ state[3];
    state[2] ^= b << 9;
    state[3] = rotate(state[3], 11);
    return (result >>> 0) / 2 ** 32;
  };
}

function scramble(seed: number): number {
  let hash = seed | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return hash ^ (hash >>> 16);
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
