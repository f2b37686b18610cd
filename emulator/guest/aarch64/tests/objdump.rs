//! The decoder and the disassembler against `objdump`, which was written by other people.
//!
//! For every row with many operands, and for random words: whether an encoding is allocated must agree, and
//! the text must be equal. `objdump` knows extensions that this processor does not have; [`is_absent`] is the reviewed
//! list of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use lockstep_aarch64::{UNDEFINED, decode, disassemble, rows};
use lockstep_testing::{Judgement, Objdump, Random, single_spaced};

const OBJDUMP: Objdump = Objdump {
    program: "aarch64-linux-gnu-objdump",
    package: "binutils-aarch64-linux-gnu",
    options: &["-m", "aarch64"],
    stride: 4,
    filler: &[],
};

/// Without comments and with single spaces.
fn normal(text: &str) -> String {
    single_spaced(text.split("//").next().unwrap_or_default())
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

fn judge(insn: &[u8], pc: u64, theirs: &str) -> Judgement<u16> {
    let word = u32::from_le_bytes(insn.try_into().unwrap());
    let (ours, theirs) = (normal(&disassemble(word, pc)), normal(theirs));
    let row = Some(decode(word).row).filter(|row| *row != UNDEFINED);
    let (is_defined, is_theirs) = (row.is_some(), !theirs.starts_with(".inst"));
    let verdict = if ours == theirs || !is_defined && !is_theirs {
        Some("equal")
    } else if !is_defined && is_absent(word, &theirs) {
        Some("not ours")
    } else if is_defined && is_theirs && is_later_name(&ours, &theirs) {
        Some("names of extensions")
    } else if is_defined != is_theirs && is_unpredictable(word) {
        Some("unpredictable")
    } else {
        None
    };
    Judgement { row, ours, verdict }
}

/// Catches an operand that is taken from the wrong place, a missing alias, a row that nothing reaches.
#[test]
fn every_row_agrees() {
    if !OBJDUMP.is_installed() {
        return;
    }
    let mut random = Random::new(1);
    let insns: Vec<[u8; 4]> = rows()
        .iter()
        .flat_map(|row| std::iter::repeat_n(row, 1000))
        .map(|row| (row.value | random.fields() & !row.mask).to_le_bytes())
        .collect();
    let tally = OBJDUMP.compare(&insns, judge);
    assert_eq!(tally.reached(), rows().len());
    tally.report("every row", rows().len());
}

/// Catches a row that is missing, or that covers what it should not.
#[test]
fn random_words_agree() {
    if !OBJDUMP.is_installed() {
        return;
    }
    let mut random = Random::new(2);
    let insns: Vec<[u8; 4]> = (0..1 << 20).map(|_| random.word().to_le_bytes()).collect();
    OBJDUMP.compare(&insns, judge).report("random words", rows().len());
}
