//! The message-security assist: AES, in the modes of KM, KMC, KMF, KMO, KMCTR and KMAC.
//!
//! What there is the query functions tell: AES with keys of 128, 192 and 256 bits. There is no DEA, and no function that needs a
//! wrapping key; PERFORM CRYPTOGRAPHIC COMPUTATION has its query alone.
//!
//! A message is processed in steps of at most [`STEP`] bytes, as many whole blocks as fit. A step that leaves something sets
//! condition code 3, as the architecture lets it, with registers and parameter block as they are then; the program goes on by
//! repeating the instruction. Everything that a step reads and writes is checked before anything changes.

use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256, Block};
use lockstep_cpu::{Access, Cx, Exit};

use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::storage::{self, Span, address_in, length_in, put_address, put_length, span_of};
use crate::{S390x, Text};

pub(crate) type Helped = Result<u64, Exit<S390x>>;

/// Bytes that one execution processes at most.
pub(crate) const STEP: u64 = 1024;
const BLOCK: usize = 16;

/// Function codes: of the query, and of AES with its three lengths of keys.
const QUERY: u8 = 0;
const AES: [u8; 3] = [18, 19, 20];

/// A specification exception unless something holds.
pub(crate) fn require(holds: bool) -> Result<(), Exit<S390x>> {
    if holds { Ok(()) } else { Err(program(code::SPECIFICATION)) }
}

/// The function code, whose modifier bit is not part of it, and the address of the parameter block.
pub(crate) fn function(cx: &Cx<S390x>) -> (u8, u64) {
    (cx.cpu.regs[0] as u8 & 0x7f, address_in(cx, 1))
}

/// Stores which functions there are: a bit each.
pub(crate) fn query(cx: &mut Cx<S390x>, functions: &[u8]) -> Helped {
    let (_, parameters) = function(cx);
    let bits = functions.iter().fold(1u128 << 127, |bits, code| bits | 1 << (127 - code));
    storage::store_of(cx, (1, parameters), &bits.to_be_bytes())?;
    set_cc(cx, 0);
    Ok(0)
}

/// Registers that are pairs: even, and not the first.
pub(crate) fn check_pair(register: u8) -> Result<(), Exit<S390x>> {
    require(register != 0 && register & 1 == 0)
}

/// A key that can be used.
enum Cipher {
    Short(Aes128),
    Middle(Aes192),
    Long(Aes256),
}

impl Cipher {
    /// Bytes of a function's key.
    fn key_len(function: u8) -> Result<usize, Exit<S390x>> {
        let place = AES.iter().position(|code| *code == function);
        place.map(|place| 16 + 8 * place).ok_or_else(|| program(code::SPECIFICATION))
    }

    fn new(key: &[u8]) -> Result<Self, Exit<S390x>> {
        let made = match key.len() {
            16 => Aes128::new_from_slice(key).map(Self::Short),
            24 => Aes192::new_from_slice(key).map(Self::Middle),
            _ => Aes256::new_from_slice(key).map(Self::Long),
        };
        made.map_err(|_| program(code::SPECIFICATION))
    }

    fn encrypt(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut block = Block::from(block);
        match self {
            Self::Short(key) => key.encrypt_block(&mut block),
            Self::Middle(key) => key.encrypt_block(&mut block),
            Self::Long(key) => key.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut block = Block::from(block);
        match self {
            Self::Short(key) => key.decrypt_block(&mut block),
            Self::Middle(key) => key.decrypt_block(&mut block),
            Self::Long(key) => key.decrypt_block(&mut block),
        }
        block.into()
    }
}

fn xor(a: [u8; BLOCK], b: [u8; BLOCK]) -> [u8; BLOCK] {
    (u128::from_be_bytes(a) ^ u128::from_be_bytes(b)).to_be_bytes()
}

/// One step of an instruction that turns a message into another one.
struct Step {
    cipher: Cipher,
    decrypts: bool,
    /// The chaining value, where the parameter block begins with one.
    chain: Option<(Span, [u8; BLOCK])>,
    source: Vec<u8>,
    target: Option<Span>,
    /// Counters, for the instruction that has them.
    counters: Vec<u8>,
    registers: [u8; 3],
}

/// What an instruction has besides source and key.
#[derive(Clone, Copy)]
struct Shape {
    chained: bool,
    written: bool,
    counted: bool,
    /// Bytes that are processed at once: the length is a multiple of them.
    unit: u64,
}

impl Step {
    /// Checks and fetches everything. `None` when there is nothing to do.
    fn begin(cx: &mut Cx<S390x>, text: u64, shape: Shape) -> Result<Option<Self>, Exit<S390x>> {
        let (function, parameters) = function(cx);
        let text = Text(text);
        let registers = [text.nibble(6), text.nibble(7), text.nibble(4)];
        let key_len = Cipher::key_len(function)?;
        let [r1, r2, r3] = registers;
        let len = length_in(cx, r2 | 1);
        require(len.is_multiple_of(shape.unit))?;
        if len == 0 {
            set_cc(cx, 0);
            return Ok(None);
        }
        let before_key = if shape.chained { BLOCK } else { 0 };
        let mut block = vec![0; before_key + key_len];
        storage::fetch_of(cx, (1, parameters), &mut block)?;
        let (chain, key) = block.split_at(before_key);
        let chain = match <[u8; BLOCK]>::try_from(chain) {
            Ok(chain) => Some((span_of(cx, (1, parameters), BLOCK as u32, Access::Write)?, chain)),
            Err(_) => None,
        };
        let count = len.min(STEP / shape.unit * shape.unit);
        let mut source = vec![0; count as usize];
        let from = address_in(cx, r2);
        storage::fetch_of(cx, (r2, from), &mut source)?;
        let mut counters = vec![0; if shape.counted { count as usize } else { 0 }];
        if shape.counted {
            let from = address_in(cx, r3);
            storage::fetch_of(cx, (r3, from), &mut counters)?;
        }
        let to = address_in(cx, r1);
        let target = if shape.written {
            Some(span_of(cx, (r1, to), count as u32, Access::Write)?)
        } else {
            None
        };
        let (cipher, decrypts) = (Cipher::new(key)?, cx.cpu.regs[0] & 0x80 != 0);
        Ok(Some(Self { cipher, decrypts, chain, source, target, counters, registers }))
    }

    /// The chaining value.
    fn chaining(&self) -> [u8; BLOCK] {
        self.chain.map_or([0; BLOCK], |(_, chain)| chain)
    }

    /// Does something to every block, which may be followed by a shorter one.
    fn each(
        &self,
        size: usize,
        mut process: impl FnMut(&Cipher, usize, &[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        let blocks = self.source.chunks(size).enumerate();
        blocks.flat_map(|(number, block)| process(&self.cipher, number, block)).collect()
    }

    /// Puts results into storage, and addresses and lengths into registers.
    fn end(self, cx: &mut Cx<S390x>, chain: [u8; BLOCK], result: &[u8]) -> Helped {
        if let Some((place, _)) = self.chain {
            place.write(cx, &chain);
        }
        let [r1, r2, r3] = self.registers;
        let count = self.source.len() as u64;
        if let Some(target) = self.target {
            target.write(cx, result);
            advance(cx, r1, count);
        }
        if !self.counters.is_empty() && r3 != r1 && r3 != r2 {
            advance(cx, r3, count);
        }
        if r1 != r2 || self.target.is_none() {
            advance(cx, r2, count);
        }
        let rest = length_in(cx, r2 | 1) - count;
        put_length(cx, r2 | 1, rest);
        set_cc(cx, if rest == 0 { 0 } else { 3 });
        Ok(0)
    }
}

/// Moves an address on.
pub(crate) fn advance(cx: &mut Cx<S390x>, register: u8, count: u64) {
    let address = address_in(cx, register);
    put_address(cx, register, address.wrapping_add(count));
}

fn whole(block: &[u8]) -> [u8; BLOCK] {
    let mut all = [0; BLOCK];
    all.iter_mut().zip(block).for_each(|(to, from)| *to = *from);
    all
}

fn pairs(text: u64) -> Result<(), Exit<S390x>> {
    check_pair(Text(text).nibble(6))?;
    check_pair(Text(text).nibble(7))
}

const PLAIN: Shape = Shape { chained: false, written: true, counted: false, unit: BLOCK as u64 };
const CHAINED: Shape = Shape { chained: true, ..PLAIN };

/// CIPHER MESSAGE: each block by itself.
pub(crate) fn km(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    if function(cx).0 == QUERY {
        return query(cx, &AES);
    }
    pairs(text)?;
    let Some(step) = Step::begin(cx, text, PLAIN)? else { return Ok(0) };
    let decrypts = step.decrypts;
    let result = step.each(BLOCK, |key, _, block| {
        let block = whole(block);
        if decrypts { key.decrypt(block) } else { key.encrypt(block) }.to_vec()
    });
    step.end(cx, [0; BLOCK], &result)
}

/// CIPHER MESSAGE WITH CHAINING.
pub(crate) fn kmc(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    if function(cx).0 == QUERY {
        return query(cx, &AES);
    }
    pairs(text)?;
    let Some(step) = Step::begin(cx, text, CHAINED)? else { return Ok(0) };
    let (mut chain, decrypts) = (step.chaining(), step.decrypts);
    let result = step.each(BLOCK, |key, _, block| {
        let block = whole(block);
        let result =
            if decrypts { xor(key.decrypt(block), chain) } else { key.encrypt(xor(block, chain)) };
        chain = if decrypts { block } else { result };
        result.to_vec()
    });
    step.end(cx, chain, &result)
}

/// CIPHER MESSAGE WITH OUTPUT FEEDBACK.
pub(crate) fn kmo(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    if function(cx).0 == QUERY {
        return query(cx, &AES);
    }
    pairs(text)?;
    let Some(step) = Step::begin(cx, text, CHAINED)? else { return Ok(0) };
    let mut chain = step.chaining();
    let result = step.each(BLOCK, |key, _, block| {
        chain = key.encrypt(chain);
        xor(whole(block), chain).to_vec()
    });
    step.end(cx, chain, &result)
}

/// CIPHER MESSAGE WITH CIPHER FEEDBACK, of as many bytes at a time as general register 0 says.
pub(crate) fn kmf(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    if function(cx).0 == QUERY {
        return query(cx, &AES);
    }
    pairs(text)?;
    let unit = cx.cpu.regs[0] >> 24 & 0xff;
    require((1..=BLOCK as u64).contains(&unit))?;
    let Some(step) = Step::begin(cx, text, Shape { unit, ..CHAINED })? else { return Ok(0) };
    let (mut chain, decrypts) = (step.chaining(), step.decrypts);
    let size = unit as usize;
    let result = step.each(size, |key, _, block| {
        let result = xor(whole(block), key.encrypt(chain))[..size].to_vec();
        chain.rotate_left(size);
        let fed_back = if decrypts { block } else { result.as_slice() };
        chain[BLOCK - size..].copy_from_slice(fed_back);
        result
    });
    step.end(cx, chain, &result)
}

/// CIPHER MESSAGE WITH COUNTER: the counters are in storage, where the third register points.
pub(crate) fn kmctr(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    if function(cx).0 == QUERY {
        return query(cx, &AES);
    }
    pairs(text)?;
    check_pair(Text(text).nibble(4))?;
    let shape = Shape { counted: true, ..PLAIN };
    let Some(step) = Step::begin(cx, text, shape)? else { return Ok(0) };
    let result = step.each(BLOCK, |key, number, block| {
        let counter = whole(&step.counters[BLOCK * number..]);
        xor(whole(block), key.encrypt(counter)).to_vec()
    });
    step.end(cx, [0; BLOCK], &result)
}

/// COMPUTE MESSAGE AUTHENTICATION CODE: the last block of a chain.
pub(crate) fn kmac(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    if function(cx).0 == QUERY {
        return query(cx, &AES);
    }
    check_pair(Text(text).nibble(7))?;
    let shape = Shape { written: false, ..CHAINED };
    let Some(step) = Step::begin(cx, text, shape)? else { return Ok(0) };
    let mut chain = step.chaining();
    step.each(BLOCK, |key, _, block| {
        chain = key.encrypt(xor(whole(block), chain));
        Vec::new()
    });
    step.end(cx, chain, &[])
}

/// PERFORM CRYPTOGRAPHIC COMPUTATION.
pub(crate) fn pcc(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    require(function(cx).0 == QUERY)?;
    query(cx, &[])
}
