//! `objdump`, which was written by other people, as the judge of decoders and disassemblers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::process::Command;

/// Bytes that are given to one run of `objdump`.
const CHUNK: usize = 1 << 20;

/// An `objdump`, and how it reads a guest's instructions.
pub struct Objdump {
    /// The program.
    pub program: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
    /// What it has to be told about the architecture.
    pub options: &'static [&'static str],
    /// Bytes from one instruction to the next.
    pub stride: usize,
    /// A short instruction, which fills the place behind those that are shorter than [`Objdump::stride`].
    pub filler: &'static [u8],
}

/// What a test makes of one instruction.
pub struct Judgement<Row> {
    /// The row of the table that it is decoded by, if it is defined.
    pub row: Option<Row>,
    /// Our text.
    pub ours: String,
    /// How the test names it when it is not as it is there, and is meant not to be. `None` when it is wrong.
    pub verdict: Option<&'static str>,
}

/// What a comparison found.
pub struct Tally<Row> {
    /// Instructions that were compared.
    compared: usize,
    /// Those among them that this processor has.
    defined: usize,
    /// How often each verdict was given.
    verdicts: BTreeMap<&'static str, usize>,
    /// The rows of the table that were decoded.
    reached: BTreeSet<Row>,
    /// What is wrong, by what our text begins with: how often, and one of them.
    wrong: BTreeMap<String, (usize, String)>,
}

impl Objdump {
    /// Whether it is there; says so when a test has to be skipped.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        crate::is_installed(self.program, self.package)
    }

    /// Has a test judge each instruction, given its bytes, its address, and the text that is found there: empty when none is.
    pub fn compare<Row: Ord>(
        &self,
        insns: &[impl AsRef<[u8]> + Debug],
        judge: impl Fn(&[u8], u64, &str) -> Judgement<Row>,
    ) -> Tally<Row> {
        let mut tally = Tally {
            compared: 0,
            defined: 0,
            verdicts: BTreeMap::new(),
            reached: BTreeSet::new(),
            wrong: BTreeMap::new(),
        };
        for chunk in insns.chunks(CHUNK / self.stride) {
            let texts = self.texts(chunk);
            for (insn, address) in chunk.iter().zip((0..).step_by(self.stride)) {
                let theirs = texts.get(&address).map_or("", String::as_str);
                tally.add(insn.as_ref(), theirs, judge(insn.as_ref(), address, theirs));
            }
        }
        tally
    }

    /// What it prints for the instructions, by address.
    fn texts(&self, insns: &[impl AsRef<[u8]>]) -> BTreeMap<u64, String> {
        let mut bytes = Vec::new();
        for insn in insns {
            bytes.extend(insn.as_ref());
            while !bytes.len().is_multiple_of(self.stride) {
                bytes.extend(self.filler);
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let output = Command::new(self.program)
            .args(["-D", "-z", "-b", "binary"])
            .args(self.options)
            .arg(file.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter_map(line).collect()
    }
}

/// The address and the text of a line with an instruction.
fn line(line: &str) -> Option<(u64, String)> {
    let mut columns = line.splitn(3, '\t');
    let address = columns.next()?.trim().strip_suffix(':')?;
    let text = columns.nth(1)?;
    Some((u64::from_str_radix(address, 16).ok()?, single_spaced(text)))
}

/// A text with single spaces between its words.
#[must_use]
pub fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<Row: Ord> Tally<Row> {
    fn add(&mut self, insn: &[u8], theirs: &str, judgement: Judgement<Row>) {
        let Judgement { row, ours, verdict } = judgement;
        self.compared += 1;
        self.defined += usize::from(row.is_some());
        self.reached.extend(row);
        match verdict {
            Some(name) => *self.verdicts.entry(name).or_default() += 1,
            None => {
                let mnemonic = ours.split(' ').next().unwrap_or_default().to_owned();
                let report = format!("{insn:02x?} ours: {ours} | objdump: {theirs}");
                self.wrong.entry(mnemonic).or_insert((0, report)).0 += 1;
            }
        }
    }

    /// How many rows of the table were decoded.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.reached.len()
    }

    /// Prints what was found.
    ///
    /// # Panics
    /// If something is wrong.
    pub fn report(&self, what: &str, rows: usize) {
        println!(
            "{what}: {} instructions, {} defined; {:?}; rows reached: {} of {rows}",
            self.compared,
            self.defined,
            self.verdicts,
            self.reached.len(),
        );
        for (count, report) in self.wrong.values() {
            println!("{count} times: {report}");
        }
        assert!(self.wrong.is_empty(), "what is different is above");
    }
}
