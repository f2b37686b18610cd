//! The message-security assist against published examples: FIPS 197 and 180-4, NIST SP 800-38A and 800-38D, RFC 4493's first step.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use common::Machine;
use lockstep_s390x::reg;

mod common;

const CODE: u64 = 0x2_0000;
const PARAMETERS: u64 = 0x3000;
const SOURCE: u64 = 0x4000;
const TARGET: u64 = 0x8000;
const COUNTERS: u64 = 0xc000;

const KEY: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const IV: &str = "000102030405060708090a0b0c0d0e0f";
/// The first two blocks of the examples of SP 800-38A.
const MESSAGE: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A machine whose registers 2, 4 and 6 are target, source with its length, and counters.
fn machine(code: &[u8], function: u64, parameters: &[u8], source: &[u8]) -> Machine {
    let mut machine = Machine::new(CODE);
    let mem = &mut machine.cx.mem;
    mem.write_bytes(CODE, code).unwrap();
    mem.write_bytes(CODE + code.len() as u64, &[0xa7, 0x14, 0xff, 0xfe]).unwrap();
    mem.write_bytes(PARAMETERS, parameters).unwrap();
    mem.write_bytes(SOURCE, source).unwrap();
    let regs = &mut machine.cx.cpu.regs;
    regs[..8].copy_from_slice(&[
        function,
        PARAMETERS,
        TARGET,
        0,
        SOURCE,
        source.len() as u64,
        COUNTERS,
        0,
    ]);
    machine
}

/// Runs until the condition code is not 3; gives the number of steps.
fn finish(machine: &mut Machine) -> usize {
    for steps in 1..100 {
        machine.run(1);
        if machine.cx.cpu.regs[usize::from(reg::CC)] != 3 {
            return steps;
        }
        machine.run(1);
    }
    panic!("it does not end");
}

/// What an instruction on registers 2 and 4 makes of a message.
fn cipher(code: [u8; 4], function: u64, parameters: &str, source: &str) -> String {
    let mut machine = machine(&code, function, &bytes(parameters), &bytes(source));
    finish(&mut machine);
    assert_eq!(machine.cx.cpu.regs[5], 0);
    hex(&machine.bytes(TARGET, source.len() / 2))
}

const KM: [u8; 4] = [0xb9, 0x2e, 0, 0x24];
const KMC: [u8; 4] = [0xb9, 0x2f, 0, 0x24];
const KMO: [u8; 4] = [0xb9, 0x2b, 0, 0x24];
const KMF: [u8; 4] = [0xb9, 0x2a, 0, 0x24];
const KMCTR: [u8; 4] = [0xb9, 0x2d, 0x60, 0x24];

/// Catches a wrong key, a block that is chained wrongly, an operation in the wrong direction.
#[test]
fn ciphers() {
    let plain = "00112233445566778899aabbccddeeff";
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let blocks = [
        (18, 32, "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (19, 48, "dda97ca4864cdfe06eaf70a0ec0d7191"),
        (20, 64, "8ea2b7ca516745bfeafc49904b496089"),
    ];
    for (function, len, result) in blocks {
        assert_eq!(cipher(KM, function, &key[..len], plain), result);
        assert_eq!(cipher(KM, function | 0x80, &key[..len], result), plain);
    }
    let chained = [
        (KMC, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"),
        (KMO, "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"),
        (KMF, "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"),
    ];
    for (code, result) in chained {
        let function = 18 | 16 << 24;
        let parameters = format!("{IV}{KEY}");
        assert_eq!(cipher(code, function, &parameters, MESSAGE), result, "{code:x?}");
        assert_eq!(cipher(code, function | 0x80, &parameters, result), MESSAGE, "{code:x?}");
    }
    // Feedback of one byte at a time.
    let result = "3b79424c9c0dd436bace9e0ed4586a4f";
    let function = 18 | 1 << 24;
    assert_eq!(cipher(KMF, function, &format!("{IV}{KEY}"), &MESSAGE[..32]), result);
    assert_eq!(cipher(KMF, function | 0x80, &format!("{IV}{KEY}"), result), &MESSAGE[..32]);
}

/// Catches counters that are not taken from storage, or not moved on.
#[test]
fn counters() {
    let counters = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefff0f1f2f3f4f5f6f7f8f9fafbfcfdff00";
    let mut machine = machine(&KMCTR, 18, &bytes(KEY), &bytes(MESSAGE));
    machine.cx.mem.write_bytes(COUNTERS, &bytes(counters)).unwrap();
    finish(&mut machine);
    let result = "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff";
    assert_eq!(hex(&machine.bytes(TARGET, 32)), result);
    assert_eq!(machine.cx.cpu.regs[6], COUNTERS + 32);
}

/// Catches an authentication code that is not the last block of a chain.
#[test]
fn authentication() {
    let parameters = format!("{}{KEY}", "0".repeat(32));
    let mut machine = machine(&[0xb9, 0x1e, 0, 4], 18, &bytes(&parameters), &bytes(MESSAGE));
    finish(&mut machine);
    let chained = cipher(KMC, 18, &parameters, MESSAGE);
    assert_eq!(hex(&machine.bytes(PARAMETERS, 16)), &chained[32..]);
}

/// Catches digests whose state, padding or length is wrong, in one step and in several.
#[test]
fn digests() {
    let initial = [
        "67452301efcdab8998badcfe10325476c3d2e1f0",
        "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19",
        "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1510e527fade682d19b05688c2b3e6c1f\
         1f83d9abfb41bd6b5be0cd19137e2179",
    ];
    let of_abc = [
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
         454d4423643ce80e2a9ac94fa54ca49f",
    ];
    // Of ten thousand letters "a".
    let of_many = [
        "a080cbda64850abb7b7f67ee875ba068074ff6fe",
        "27dd1f61b867b6a0f6e9d8a41c43231de52107e53ae424de8f847b821db4b711",
        "0593036f4f479d2eb8078ca26b1d59321a86bdfcb04cb40043694f1eb0301b8acd20b936db3c916ebcc1b609400ffcf3\
         fa8d569d7e39293855668645094baf0e",
    ];
    for (place, state) in initial.iter().enumerate() {
        let length = if place == 2 { 16 } else { 8 };
        let last = |message: &[u8]| {
            let mut parameters = bytes(state);
            let bits = 8 * message.len() as u128;
            parameters.extend(&bits.to_be_bytes()[16 - length..]);
            let code = [0xb9, 0x3f, 0, 4];
            let mut machine = machine(&code, place as u64 + 1, &parameters, message);
            let steps = finish(&mut machine);
            (hex(&machine.bytes(PARAMETERS, state.len() / 2)), steps)
        };
        assert_eq!(last(b"abc"), (of_abc[place].to_owned(), 1));
        let (digest, steps) = last(&[b'a'; 10_000]);
        assert_eq!(digest, of_many[place]);
        assert!(steps > 5, "{steps}");
        // KIMD and then KLMD give the same.
        let code = [0xb9, 0x3e, 0, 4];
        let mut first = machine(&code, place as u64 + 1, &bytes(state), &[b'a'; 2048]);
        assert_eq!(finish(&mut first), 2);
        assert_ne!(hex(&first.bytes(PARAMETERS, state.len() / 2)), **state);
    }
}

/// Catches a product with the bits in the wrong order: test case 2 of the GCM specification.
#[test]
fn ghash() {
    let subkey = "66e94bd4ef8a2c3b884cfa59ca342b2e";
    let parameters = format!("{}{subkey}", "0".repeat(32));
    let message = "0388dace60b6a392f328c2b971b2fe7800000000000000000000000000000080";
    let code = [0xb9, 0x3e, 0, 4];
    let mut machine = machine(&code, 65, &bytes(&parameters), &bytes(message));
    assert_eq!(finish(&mut machine), 1);
    assert_eq!(hex(&machine.bytes(PARAMETERS, 16)), "f38cbb1ad69223dcc3457ae5b6b0f885");
}

/// Catches a query that tells of functions that are not there, or the other way round: every other code is refused.
#[test]
fn queries_are_honest() {
    let all = [0x1e, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x3c, 0x3e, 0x3f];
    for second in all {
        let code = [
            0xb9,
            second,
            if second == 0x2d { 0x60 } else { 0 },
            if second == 0x2c { 0 } else { 0x24 },
        ];
        let mut asked = machine(&code, 0, &[], &[]);
        assert_eq!(finish(&mut asked), 1);
        let functions = u128::from_be_bytes(asked.bytes(PARAMETERS, 16).try_into().unwrap());
        assert!(functions >> 127 == 1);
        for function in 1..128u64 {
            let mut machine = machine(&code, function | 16 << 24, &[], &[]);
            machine.run(1);
            let interrupted = machine.bytes(0x8f, 1)[0] == 6;
            let is_there = functions >> (127 - function) & 1 != 0;
            assert_eq!(interrupted, !is_there, "{second:#x} {function}");
        }
    }
}

/// Catches random numbers that are not stored, or whose registers stay.
#[test]
fn random_numbers_fill_both_operands() {
    let mut machine = machine(&[0xb9, 0x3c, 0, 0x24], 114, &[], &[0xff; 3000]);
    machine.cx.cpu.regs[3] = 20;
    assert_eq!(finish(&mut machine), 3);
    let regs = &machine.cx.cpu.regs;
    assert_eq!((regs[2], regs[3], regs[4], regs[5]), (TARGET + 20, 0, SOURCE + 3000, 0));
    assert!(machine.bytes(SOURCE, 3000).iter().all(|byte| *byte == 0));
}
