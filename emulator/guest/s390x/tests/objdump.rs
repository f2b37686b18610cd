//! The decoder and the disassembler against `objdump`, which was written by other people.
//!
//! For every row with many operands, and for random words: whether an encoding is an instruction must agree, and the text must be
//! equal. `objdump` knows facilities that this processor does not have; [`is_absent`] is the reviewed list of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "another program is run and its output compared; no machine is"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Command;

use common::Random;
use lockstep_s390x::{Row, UNDEFINED, decode, disassemble, rows};

mod common;

const OBJDUMP: &str = "s390x-linux-gnu-objdump";
/// Instructions that are given to one run of `objdump`.
const CHUNK: usize = 1 << 16;
/// Bytes from one instruction to the next: what is behind a short one is `nopr`.
const STRIDE: usize = 16;

/// Whether `objdump` is there; says so when a test has to be skipped.
fn is_installed() -> bool {
    let found = Command::new(OBJDUMP).arg("--version").output().is_ok();
    if !found {
        println!("SKIPPED: {OBJDUMP} is not installed (Debian: binutils-s390x-linux-gnu)");
    }
    found
}

fn length(first: u8) -> usize {
    [2, 4, 4, 6][usize::from(first >> 6)]
}

/// What `objdump` prints for the instructions, [`STRIDE`] bytes apart.
fn objdump(insns: &[Vec<u8>]) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut bytes = Vec::new();
    for insn in insns {
        bytes.extend(insn);
        while bytes.len() % STRIDE != 0 {
            bytes.extend([0x07, 0x00]);
        }
    }
    file.write_all(&bytes).unwrap();
    let output = Command::new(OBJDUMP)
        .args(["-D", "-z", "-b", "binary", "-m", "s390:64-bit", "-M", "zarch"])
        .arg(file.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        let columns: Vec<_> = line.splitn(3, '\t').collect();
        let address =
            columns[0].trim().strip_suffix(':').and_then(|at| usize::from_str_radix(at, 16).ok());
        if let (Some(address), [_, _, text]) = (address, &columns[..]) {
            lines.insert(address, normal(text));
        }
    }
    (0..insns.len()).map(|k| lines.get(&(k * STRIDE)).cloned().unwrap_or_default()).collect()
}

/// With single spaces, and the closing parenthesis that 2.40 forgets.
fn normal(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let open = joined.matches('(').count() - joined.matches(')').count();
    joined + &")".repeat(open)
}

/// The mnemonics of `objdump`'s instructions that this processor does not have, by the reason. A star stands for any ending.
const ABSENT: &[(&str, &str)] = &[
    (
        "vlebr* vllebrz* ldrv lerv vlbr* vler* vstebr* stdrv sterv vstbr* vster* vsld vsrd vstrs* vcnf vclfn* \
         vcfn vcrnf nnpa",
        "vectors after the z14",
    ),
    (
        "vpkz* vlrl* vupkz* vstrl* vlip vcvb* vclzdp vcvd* vsrp* vpsop vap vsp vsch* vmp vmsp vdp vrp vscshp \
         vcsph vsdp vtp vcp",
        "packed decimal in vectors",
    ),
    ("tabort tbegin tbeginc tend etnd", "transactions"),
    (
        "ad adr ae aer au aur aw awr axr cd cdr ce cer cxr cxf* cdf* cef* cxg* cdg* ceg* cfe* cfd* cfx* \
         cge* cgd* cgx* dd ddr dxr de der hdr her lcdr lcer lcxr ldx* ledr lex* lndr lner lnxr \
         lpdr lper lpxr lrdr lrer ltdr lter ltxr lxd* lxe* mad* mae* may* md mdr mde mder me* mee* ms* mxd \
         mxdr mxr my* sd sdr se ser sq* su sur sw swr sxr tbdr tbedr thder thdr fi* m ler",
        "hexadecimal floating point",
    ),
    (
        "*tr *tra cd* cz* cp* cx* *pt pfpo srnmt sla* sld* srd* srx* slx* td* qad* qax* rrd* rrx* iedtr \
         iextr es* ce* ld* le* lt* cl* cu* cs* ie* te* th*",
        "decimal floating point",
    ),
    (
        "kma kdsa pckmo dfltcc sort*",
        "message security with wrapped keys and after the z14, compression, sorting",
    ),
    (
        "sel* nc* nn* no* nx* oc* mvcrl lgg llgfsg lgsc stgsc rdp lbear stbear lpswey nnpa qpaci bdepg clzg ctzg",
        "after the z14",
    ),
    (
        "lcctl lpctl lsctl qctri qsi ecctr ecpga epctr ectr lpp* scctr spctr qpaci",
        "CPU measurement",
    ),
    ("sie siga lkpg", "interpretive execution, queued I/O"),
    ("cmpsc", "compression"),
];

/// Instructions that `objdump` does not know.
const UNKNOWN: &[&str] = &["chsc ", "servc "];

fn is_listed(mnemonic: &str) -> bool {
    let names = ABSENT.iter().flat_map(|(list, _)| list.split_whitespace());
    names.into_iter().any(|absent| {
        if let Some(beginning) = absent.strip_suffix('*') {
            mnemonic.starts_with(beginning)
        } else if let Some(end) = absent.strip_prefix('*') {
            mnemonic.ends_with(end)
        } else {
            mnemonic == absent
        }
    })
}

/// With zeros where the row has no operands: this processor takes no notice of them, and `objdump` insists.
fn cleaned(insn: &[u8], row: &Row) -> Vec<u8> {
    let keep = |place: usize| if row.used() >> place & 1 != 0 { 0xf } else { 0 };
    insn.iter().enumerate().map(|(k, byte)| byte & (keep(2 * k) << 4 | keep(2 * k + 1))).collect()
}

/// What a comparison found.
#[derive(Default)]
struct Tally {
    compared: usize,
    defined: usize,
    absent: BTreeSet<String>,
    reached: BTreeMap<u16, usize>,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, insns: &[Vec<u8>]) {
        for chunk in insns.chunks(CHUNK) {
            for ((k, insn), theirs) in chunk.iter().enumerate().zip(objdump(chunk)) {
                self.compare_one(insn, (k * STRIDE) as u64, &theirs);
            }
        }
    }

    fn compare_one(&mut self, insn: &[u8], pc: u64, theirs: &str) {
        self.compared += 1;
        let decoded = decode(insn);
        let ours = normal(&disassemble(insn, pc));
        let is_defined = decoded.row != UNDEFINED;
        if is_defined {
            self.defined += 1;
            *self.reached.entry(decoded.row).or_default() += 1;
        }
        let is_theirs = !theirs.starts_with('.') && !theirs.is_empty();
        let mnemonic = theirs.split(' ').next().unwrap_or_default();
        let unknown_there = UNKNOWN.iter().any(|name| ours.starts_with(name));
        if (is_defined && ours == theirs)
            || (!is_defined && !is_theirs)
            || (!is_theirs && unknown_there)
        {
        } else if !is_defined && is_listed(mnemonic) {
            self.absent.insert(mnemonic.to_owned());
        } else {
            self.differences.push(format!("{insn:02x?} ours: {ours} | objdump: {theirs}"));
        }
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} instructions, {} defined; different: {}; rows reached: {} of {}",
            self.compared,
            self.defined,
            self.differences.len(),
            self.reached.len(),
            rows().len(),
        );
        let mut shown = BTreeSet::new();
        for difference in &self.differences {
            let key = difference.split("ours: ").nth(1).and_then(|t| t.split(' ').next());
            if shown.insert(key) {
                println!("{difference}");
            }
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
    let mut insns: Vec<Vec<u8>> = Vec::new();
    for row in rows() {
        for _ in 0..200 {
            let mut fill = match random.next() % 4 {
                0 => random.next() & random.next() & random.next(),
                1 => random.next() | random.next() | random.next(),
                _ => random.next(),
            }
            .to_be_bytes();
            fill[0] = row.first;
            match row.first {
                0x01 | 0xb2 | 0xb3 | 0xb9 | 0xe5 => fill[1] = row.second,
                0xa5 | 0xa7 | 0xc0 | 0xc2 | 0xc4 | 0xc6 | 0xc8 | 0xcc => {
                    fill[1] = fill[1] & 0xf0 | row.second;
                }
                0xe3 | 0xe6 | 0xe7 | 0xeb | 0xec | 0xed => fill[5] = row.second,
                _ => {}
            }
            insns.push(cleaned(&fill[..length(row.first)], row));
        }
    }
    let mut tally = Tally::default();
    tally.compare(&insns);
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
    let mut insns = Vec::new();
    for _ in 0..1 << 18 {
        let bytes = random.next().to_be_bytes();
        let insn = bytes[..length(bytes[0])].to_vec();
        let row = rows().get(usize::from(decode(&insn).row));
        insns.push(row.map_or(insn.clone(), |row| cleaned(&insn, row)));
    }
    let mut tally = Tally::default();
    tally.compare(&insns);
    tally.report("random words");
}
