//! The decoder and the disassembler against `objdump`, which was written by other people.
//!
//! For every row with many operands, and for random words: whether an encoding is allocated must agree, and
//! the text must be equal. `objdump` knows extensions that this processor does not have; [`is_absent`] is the reviewed
//! list of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "another program is run and its output compared; no machine is"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use lockstep_aarch64::{UNDEFINED, decode, disassemble, rows};

const OBJDUMP: &str = "aarch64-linux-gnu-objdump";

/// Words that are given to one run of `objdump`.
const CHUNK: usize = 1 << 18;

/// A small generator with a fixed seed: failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z >> 32) as u32
    }
}

/// Whether `objdump` is there; says so when a test has to be skipped.
fn is_installed() -> bool {
    let found = Command::new(OBJDUMP).arg("--version").output().is_ok();
    if !found {
        println!("SKIPPED: {OBJDUMP} is not installed (Debian: binutils-aarch64-linux-gnu)");
    }
    found
}

/// What `objdump` prints for the words, at address 0 and up.
fn objdump(words: &[u32]) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    file.write_all(&bytes).unwrap();
    let output = Command::new(OBJDUMP)
        .args(["-D", "-z", "-b", "binary", "-m", "aarch64"])
        .arg(file.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let mut columns = line.splitn(3, '\t');
            let is_insn = columns.next()?.trim_end().ends_with(':');
            columns.next()?;
            is_insn.then(|| normal(columns.next().unwrap_or_default()))
        })
        .collect();
    assert_eq!(lines.len(), words.len());
    lines
}

/// Without comments and with single spaces.
fn normal(text: &str) -> String {
    let text = text.split("//").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Mnemonics outside matrices that this processor does not have. A star stands for
/// any ending.
const ABSENT: &[(&str, &str)] = &[
    ("ldapur* stlur*", "RCPC, second version"),
    ("ldraa ldrab pac* aut* xpac* bra* blra* reta* ereta*", "PAuth"),
    ("stg stgp stgm st2g stzg stz2g stzgm ldg ldgm addg subg subp subps irg gmi", "MTE"),
    ("smax smin umax umin abs cnt ctz", "CSSC"),
    ("bc.*", "HBC"),
    ("rmif setf8 setf16", "FlagM"),
    ("cpy* setp* setm* sete* setg*", "MOPS"),
    ("ld64b st64b*", "LS64"),
    ("tcancel tstart ttest tcommit", "TME"),
    ("wfet wfit", "WFxT"),
    ("sb", "SB"),
    ("usdot sudot smmla ummla usmmla", "I8MM"),
    ("bfdot bfmmla bfmlalb bfmlalt bfcvt bfcvtn bfcvtn2", "BF16"),
    ("fcadd fcmla", "FCMA"),
    ("fjcvtzs", "JSCVT"),
    ("fmlal fmlal2 fmlsl fmlsl2", "FHM"),
    ("frint32x frint32z frint64x frint64z", "FRINTTS"),
    ("sha512* eor3 rax1 xar bcax", "SHA512 and SHA3"),
    ("sm3* sm4*", "SM3 and SM4"),
    ("dcps1 dcps2 dcps3 drps", "halting debug, which needs an external debugger"),
];

fn is_listed(mnemonic: &str) -> bool {
    ABSENT.iter().flat_map(|(list, _)| list.split(' ')).any(|absent| {
        match absent.strip_suffix('*') {
            Some(beginning) => mnemonic.starts_with(beginning),
            None => mnemonic == absent,
        }
    })
}

/// Whether `objdump` decodes this word by an extension that this processor does not have.
fn is_absent(word: u32, theirs: &str) -> bool {
    let group = word >> 25 & 0xf;
    // SVE and SME.
    let is_scalable = group == 0b0010 || group == 0b0000 && word >> 31 == 1;
    // DSB nXS has an encoding of its own, and `objdump` prints system instructions with op0 0 as moves.
    let is_odd_system = theirs.starts_with("dsb ") && theirs.ends_with("nxs")
        || theirs.starts_with("msr s0_")
        || theirs.starts_with("mrs ") && theirs.contains(" s0_");
    let mnemonic = theirs.split(' ').next().unwrap_or_default();
    is_scalable || is_odd_system || is_listed(mnemonic)
}

/// Differences that are meant, as `(mask, value)`: encodings that are constrained unpredictable, where this processor
/// chooses as QEMU does and `objdump` otherwise.
const UNPREDICTABLE: &[(u32, u32, &str)] = &[
    (
        0x3fe0_8000,
        0x0880_8000,
        "STLR whose fields Rs and Rt2 should be ones, and are not: undefined",
    ),
    (0x3fa0_8000, 0x0880_0000, "the same for STLLR and LDLAR"),
    (
        0xff60_8000,
        0x9b40_0000,
        "SMULH and UMULH whose field Ra should be ones, and is not: undefined",
    ),
    (0xfe40_0000, 0x6840_0000, "LDPSW that loads a register twice, or loads its base: executes"),
];

fn is_unpredictable(word: u32) -> bool {
    UNPREDICTABLE.iter().any(|&(mask, value, _)| word & mask == value)
}

/// Whether both texts are the same system instruction, except that `objdump` knows a name which we print in the
/// generic form.
fn is_later_name(ours: &str, theirs: &str) -> bool {
    const PSTATE: [&str; 9] =
        ["cfinv", "xaflag", "axflag", "uao", "ssbs", "dit", "tco", "allint", "smst"];
    let operands = |text: &str| text.replace("msr ", "").replace("mrs ", "");
    let (our_names, their_names) = (operands(ours), operands(theirs));
    if our_names.starts_with("s0_") {
        return PSTATE.iter().any(|name| their_names.starts_with(name));
    }
    let generic = |name: &str| name.starts_with("s2_") || name.starts_with("s3_");
    let same_register = our_names
        .split(", ")
        .zip(their_names.split(", "))
        .all(|(a, b)| a == b || (generic(a) && !generic(b)));
    let operation = ["tlbi", "at", "dc", "cfp", "dvp", "cpp"];
    let mnemonic = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    match mnemonic(ours).as_str() {
        "msr" | "mrs" => mnemonic(ours) == mnemonic(theirs) && same_register,
        "sys" => operation.contains(&mnemonic(theirs).as_str()),
        _ => false,
    }
}

/// What a comparison found.
#[derive(Default)]
struct Tally {
    compared: usize,
    defined: usize,
    absent: usize,
    unpredictable: usize,
    later_names: usize,
    reached: BTreeMap<u16, usize>,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, words: &[u32]) {
        for chunk in words.chunks(CHUNK) {
            for ((at, &word), theirs) in (0..).zip(chunk).zip(objdump(chunk)) {
                self.compare_one(word, at * 4, &theirs);
            }
        }
    }

    fn compare_one(&mut self, word: u32, pc: u64, theirs: &str) {
        self.compared += 1;
        let decoded = decode(word);
        let ours = normal(&disassemble(word, pc));
        let is_defined = decoded.row != UNDEFINED;
        if is_defined {
            self.defined += 1;
            *self.reached.entry(decoded.row).or_default() += 1;
        }
        let is_theirs = !theirs.starts_with(".inst");
        if ours == theirs || (!is_defined && !is_theirs) {
        } else if !is_defined && is_absent(word, theirs) {
            self.absent += 1;
        } else if is_defined && is_theirs && is_later_name(&ours, theirs) {
            self.later_names += 1;
        } else if is_defined != is_theirs && is_unpredictable(word) {
            self.unpredictable += 1;
        } else {
            self.differences.push(format!("{word:#010x} ours: {ours} | objdump: {theirs}"));
        }
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} words, {} defined; not ours: {}, names of extensions: {}, unpredictable: {}; \
             different: {}; rows reached: {} of {}",
            self.compared,
            self.defined,
            self.absent,
            self.later_names,
            self.unpredictable,
            self.differences.len(),
            self.reached.len(),
            rows().len(),
        );
        for difference in self.differences.iter().take(40) {
            println!("{difference}");
        }
        assert!(self.differences.is_empty());
    }
}

/// Catches an operand that is taken from the wrong place, a missing alias, a row that nothing reaches.
#[test]
fn every_row_agrees() {
    if !is_installed() {
        return;
    }
    let mut random = Random(1);
    let words: Vec<u32> = rows()
        .iter()
        .flat_map(|row| std::iter::repeat_n(row, 1000))
        .map(|row| {
            // Fields that are all zeros or all ones are where the special cases are.
            let fill = match random.next() % 4 {
                0 => random.next() & random.next() & random.next(),
                1 => random.next() | random.next() | random.next(),
                _ => random.next(),
            };
            row.value | fill & !row.mask
        })
        .collect();
    let mut tally = Tally::default();
    tally.compare(&words);
    assert_eq!(tally.reached.len(), rows().len());
    tally.report("every row");
}

/// Catches a row that is missing, or that covers what it should not.
#[test]
fn random_words_agree() {
    if !is_installed() {
        return;
    }
    let mut random = Random(2);
    let words: Vec<u32> = (0..1 << 20).map(|_| random.next()).collect();
    let mut tally = Tally::default();
    tally.compare(&words);
    tally.report("random words");
}
