//! AES and SHA rounds.
//!
//! Written from the standards (FIPS 197 and FIPS 180-4). The S-box is computed, because a formula is shorter than a table
//! and cannot have a wrong digit.

use super::Op;
use crate::registers::Cpu;

/// Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
const fn gf_mul(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a = a << 1 ^ if a & 0x80 != 0 { 0x1b } else { 0 };
        b >>= 1;
    }
    product
}

/// The inverse, which is the 254th power; of zero, zero.
const fn gf_inverse(a: u8) -> u8 {
    let (mut power, mut square, mut step) = (1, a, 0);
    while step < 7 {
        square = gf_mul(square, square);
        power = gf_mul(power, square);
        step += 1;
    }
    power
}

const fn boxes() -> ([u8; 256], [u8; 256]) {
    let (mut forward, mut backward) = ([0; 256], [0; 256]);
    let mut byte = 0;
    while byte < 256 {
        let b = gf_inverse(byte as u8);
        let image =
            b ^ b.rotate_left(1) ^ b.rotate_left(2) ^ b.rotate_left(3) ^ b.rotate_left(4) ^ 0x63;
        forward[byte] = image;
        backward[image as usize] = byte as u8;
        byte += 1;
    }
    (forward, backward)
}

static BOXES: ([u8; 256], [u8; 256]) = boxes();

/// Adds the key, moves row `r` by `r` columns times `step`, and substitutes.
fn aes_round(cpu: &mut Cpu, o: &Op, step: usize, table: &[u8; 256]) {
    let state = (cpu.vregs[o.d()] ^ cpu.vregs[o.n()]).to_le_bytes();
    let moved = |k: usize| table[usize::from(state[(k + 4 * step * (k % 4)) % 16])];
    cpu.vregs[o.d()] = u128::from_le_bytes(std::array::from_fn(moved));
}

/// AESE.
pub(crate) fn aese(cpu: &mut Cpu, o: &Op) {
    aes_round(cpu, o, 1, &BOXES.0);
}

/// AESD.
pub(crate) fn aesd(cpu: &mut Cpu, o: &Op) {
    aes_round(cpu, o, 3, &BOXES.1);
}

/// Multiplies each column by a circulant matrix.
fn mix(cpu: &mut Cpu, o: &Op, row: [u8; 4]) {
    let state = cpu.vregs[o.n()].to_le_bytes();
    let mixed = |k: usize| {
        (0..4).fold(0, |sum, j| sum ^ gf_mul(row[(j + 4 - k % 4) % 4], state[k / 4 * 4 + j]))
    };
    cpu.vregs[o.d()] = u128::from_le_bytes(std::array::from_fn(mixed));
}

/// AESMC.
pub(crate) fn aesmc(cpu: &mut Cpu, o: &Op) {
    mix(cpu, o, [2, 3, 1, 1]);
}

/// AESIMC.
pub(crate) fn aesimc(cpu: &mut Cpu, o: &Op) {
    mix(cpu, o, [14, 11, 13, 9]);
}

fn words(v: u128) -> [u32; 4] {
    [v as u32, (v >> 32) as u32, (v >> 64) as u32, (v >> 96) as u32]
}

fn vector(w: [u32; 4]) -> u128 {
    w.iter().rev().fold(0, |v, word| v << 32 | u128::from(*word))
}

/// Four rounds of SHA-1 with one of its functions.
fn sha1(cpu: &mut Cpu, o: &Op, f: fn(u32, u32, u32) -> u32) {
    let [mut a, mut b, mut c, mut d] = words(cpu.vregs[o.d()]);
    let mut e = cpu.vregs[o.n()] as u32;
    for word in words(cpu.vregs[o.m()]) {
        let sum = a.rotate_left(5).wrapping_add(f(b, c, d)).wrapping_add(e).wrapping_add(word);
        (a, b, c, d, e) = (sum, a, b.rotate_left(30), c, d);
    }
    cpu.vregs[o.d()] = vector([a, b, c, d]);
}

fn choose(x: u32, y: u32, z: u32) -> u32 {
    x & y ^ !x & z
}

fn majority(x: u32, y: u32, z: u32) -> u32 {
    x & y ^ x & z ^ y & z
}

/// SHA1C.
pub(crate) fn sha1c(cpu: &mut Cpu, o: &Op) {
    sha1(cpu, o, choose);
}

/// SHA1P.
pub(crate) fn sha1p(cpu: &mut Cpu, o: &Op) {
    sha1(cpu, o, |x, y, z| x ^ y ^ z);
}

/// SHA1M.
pub(crate) fn sha1m(cpu: &mut Cpu, o: &Op) {
    sha1(cpu, o, majority);
}

/// SHA1H.
pub(crate) fn sha1h(cpu: &mut Cpu, o: &Op) {
    cpu.vregs[o.d()] = (cpu.vregs[o.n()] as u32).rotate_left(30).into();
}

/// SHA1SU0.
pub(crate) fn sha1su0(cpu: &mut Cpu, o: &Op) {
    let (d, n) = (cpu.vregs[o.d()], cpu.vregs[o.n()]);
    cpu.vregs[o.d()] = (d >> 64 | n << 64) ^ d ^ cpu.vregs[o.m()];
}

/// SHA1SU1.
pub(crate) fn sha1su1(cpu: &mut Cpu, o: &Op) {
    let mut t = words(cpu.vregs[o.d()] ^ cpu.vregs[o.n()] >> 32).map(|word| word.rotate_left(1));
    t[3] ^= t[0].rotate_left(1);
    cpu.vregs[o.d()] = vector(t);
}

/// Four rounds of SHA-256 on `[a, b, c, d]` and `[e, f, g, h]`.
fn sha256(mut x: [u32; 4], mut y: [u32; 4], schedule: [u32; 4]) -> ([u32; 4], [u32; 4]) {
    for word in schedule {
        let [a, b, c, d] = x;
        let [e, f, g, h] = y;
        let sigma1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let sigma0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let t1 = h.wrapping_add(sigma1).wrapping_add(choose(e, f, g)).wrapping_add(word);
        let t2 = sigma0.wrapping_add(majority(a, b, c));
        x = [t1.wrapping_add(t2), a, b, c];
        y = [d.wrapping_add(t1), e, f, g];
    }
    (x, y)
}

/// SHA256H.
pub(crate) fn sha256h(cpu: &mut Cpu, o: &Op) {
    let [d, n, m] = [o.d(), o.n(), o.m()].map(|register| words(cpu.vregs[register]));
    cpu.vregs[o.d()] = vector(sha256(d, n, m).0);
}

/// SHA256H2.
pub(crate) fn sha256h2(cpu: &mut Cpu, o: &Op) {
    let [d, n, m] = [o.d(), o.n(), o.m()].map(|register| words(cpu.vregs[register]));
    cpu.vregs[o.d()] = vector(sha256(n, d, m).1);
}

/// SHA256SU0.
pub(crate) fn sha256su0(cpu: &mut Cpu, o: &Op) {
    let (d, n) = (words(cpu.vregs[o.d()]), words(cpu.vregs[o.n()]));
    let next = [d[1], d[2], d[3], n[0]];
    let sigma = |w: u32| w.rotate_right(7) ^ w.rotate_right(18) ^ w >> 3;
    cpu.vregs[o.d()] = vector(std::array::from_fn(|k| d[k].wrapping_add(sigma(next[k]))));
}

/// SHA256SU1.
pub(crate) fn sha256su1(cpu: &mut Cpu, o: &Op) {
    let [d, n, m] = [o.d(), o.n(), o.m()].map(|register| words(cpu.vregs[register]));
    let sigma = |w: u32| w.rotate_right(17) ^ w.rotate_right(19) ^ w >> 10;
    let beside = [n[1], n[2], n[3], m[0]];
    let mut new = [0; 4];
    for k in 0..4 {
        let earlier = if k < 2 { m[k + 2] } else { new[k - 2] };
        new[k] = d[k].wrapping_add(sigma(earlier)).wrapping_add(beside[k]);
    }
    cpu.vregs[o.d()] = vector(new);
}
