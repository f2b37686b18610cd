//! Registers, as GDB wants them described.
//!
//! A guest numbers its registers and gives names, sizes and groups. From that come the target description that GDB
//! asks for at the start, and the packets with values. A new guest needs nothing here unless GDB has features of its own for
//! it: those are found by group and name in [`feature`].

use std::collections::BTreeMap;
use std::fmt::Write;

use lockstep_core::VcpuId;
use lockstep_machine::{Inspect, RegisterGroup, RegisterInfo};

/// Registers that GDB knows of alpha, which has no features: numbers 0 to 66.
const ALPHA_BUILT_IN: usize = 67;

/// The registers of a guest.
#[derive(Clone, Debug)]
pub struct RegisterFile {
    arch: &'static str,
    big_endian: bool,
    registers: Vec<RegisterInfo>,
    description: String,
}

/// What GDB calls an architecture.
#[must_use]
pub fn gdb_architecture(arch: &str) -> &str {
    match arch {
        "s390x" => "s390:64-bit",
        other => other,
    }
}

/// How a debugger expects a watchpoint to stop: with the access still to be done, or just done.
#[must_use]
pub(crate) fn stops_before_access(arch: &str) -> bool {
    arch == "aarch64"
}

/// The feature that a register belongs to. GDB's own features hold what it insists on, ours everything else: GDB
/// refuses a description in which one of its features lacks a register.
fn feature(arch: &str, registers: &[RegisterInfo], register: &RegisterInfo) -> String {
    let vector = register.name.starts_with('v');
    let has_all_vectors = registers.iter().any(|register| register.name == "v31");
    let known = match (arch, register.group) {
        ("aarch64", RegisterGroup::General) => "aarch64.core",
        ("aarch64", RegisterGroup::Float) => "aarch64.fpu",
        ("s390x", RegisterGroup::General) if register.name.starts_with("acr") => "s390.acr",
        ("s390x", RegisterGroup::General) => "s390.core",
        ("s390x", RegisterGroup::Float) if vector && has_all_vectors => "s390.vx",
        ("s390x", RegisterGroup::Float) if vector => return format!("org.lockstep.{arch}.vector"),
        ("s390x", RegisterGroup::Float) => "s390.fpr",
        (_, RegisterGroup::General) => return format!("org.lockstep.{arch}.core"),
        (_, RegisterGroup::Float) => return format!("org.lockstep.{arch}.float"),
        (_, RegisterGroup::System) => return format!("org.lockstep.{arch}.system"),
    };
    format!("org.gnu.gdb.{known}")
}

/// GDB's type for a register.
fn type_of(arch: &str, register: &RegisterInfo) -> &'static str {
    match (register.name, register.bits, register.group) {
        ("pc" | "pswa", ..) => "code_ptr",
        ("sp", ..) => "data_ptr",
        (_, 128, _) => "vec128",
        // Double precision, but for the control register.
        (name, 64, RegisterGroup::Float) if arch == "s390x" && name.starts_with('f') => {
            "ieee_double"
        }
        _ => "int",
    }
}

/// The ways in which a vector register can be looked at.
const VECTOR: &str = r#"<vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/><vector id="v16i8" type="uint8" count="16"/><vector id="v8i16" type="uint16" count="8"/><vector id="v4i32" type="uint32" count="4"/><vector id="v2i64" type="uint64" count="2"/><union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/><field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>"#;

fn describe(arch: &str, registers: &[RegisterInfo]) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">",
    );
    // Writing to a string does not fail.
    let _ = write!(xml, "<architecture>{}</architecture>", gdb_architecture(arch));
    xml.push_str("<osabi>none</osabi>");
    if arch != "alpha" {
        let mut features: BTreeMap<String, Vec<(usize, &RegisterInfo)>> = BTreeMap::new();
        for (number, register) in registers.iter().enumerate() {
            features
                .entry(feature(arch, registers, register))
                .or_default()
                .push((number, register));
        }
        for (name, members) in features {
            describe_feature(&mut xml, arch, &name, &members);
        }
    }
    xml.push_str("</target>");
    xml
}

fn describe_feature(xml: &mut String, arch: &str, name: &str, members: &[(usize, &RegisterInfo)]) {
    let _ = write!(xml, "<feature name=\"{name}\">");
    if members.iter().any(|(_, register)| register.bits == 128) {
        xml.push_str(VECTOR);
    }
    for (number, register) in members {
        let group = match register.group {
            RegisterGroup::General => "general",
            RegisterGroup::Float => "float",
            RegisterGroup::System => "system",
        };
        let RegisterInfo { name, bits, .. } = register;
        let kind = type_of(arch, register);
        let _ = write!(
            xml,
            "<reg name=\"{}\" bitsize=\"{bits}\" type=\"{kind}\" regnum=\"{number}\" group=\"{group}\"/>",
            name.to_ascii_lowercase()
        );
    }
    xml.push_str("</feature>");
}

impl RegisterFile {
    /// The registers of a machine.
    #[must_use]
    pub fn of(machine: &(impl Inspect + ?Sized)) -> Self {
        Self::new(machine.arch(), machine.big_endian(), machine.registers())
    }

    /// The registers of an architecture.
    #[must_use]
    pub fn new(arch: &'static str, big_endian: bool, registers: Vec<RegisterInfo>) -> Self {
        let description = describe(arch, &registers);
        Self { arch, big_endian, registers, description }
    }

    /// The architecture, as scenarios and logs name it.
    #[must_use]
    pub fn arch(&self) -> &'static str {
        self.arch
    }

    /// GDB's target description.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// All registers with their numbers.
    pub fn all(&self) -> impl Iterator<Item = (usize, &RegisterInfo)> {
        self.registers.iter().enumerate()
    }

    /// The number of a register, by its name in any case.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<usize> {
        self.registers.iter().position(|register| register.name.eq_ignore_ascii_case(name))
    }

    /// Bytes of a register; `None` when there is none of that number.
    #[must_use]
    pub fn size(&self, number: usize) -> Option<usize> {
        self.registers.get(number).map(|register| usize::from(register.bits / 8).min(16))
    }

    /// The registers of a `g` packet: all of them, or those that GDB has built in.
    fn in_packet(&self) -> impl Iterator<Item = (usize, usize)> {
        let most = if self.arch == "alpha" { ALPHA_BUILT_IN } else { usize::MAX };
        (0..self.registers.len().min(most)).filter_map(|number| Some((number, self.size(number)?)))
    }

    /// A value as it is in packets.
    #[must_use]
    pub fn encode(&self, number: usize, value: u128) -> Option<Vec<u8>> {
        let size = self.size(number)?;
        Some(if self.big_endian {
            value.to_be_bytes()[16 - size..].to_vec()
        } else {
            value.to_le_bytes()[..size].to_vec()
        })
    }

    /// A value from a packet; `None` when it has another size than the register.
    #[must_use]
    pub fn decode(&self, number: usize, bytes: &[u8]) -> Option<u128> {
        if self.size(number)? != bytes.len() {
            return None;
        }
        let add = |value: u128, byte: &u8| value << 8 | u128::from(*byte);
        Some(if self.big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        })
    }

    /// The contents of a `g` packet. Bytes of a register without a value are unknown.
    pub fn read_all(&self, machine: &(impl Inspect + ?Sized), vcpu: VcpuId) -> Vec<Option<u8>> {
        let mut bytes = Vec::new();
        for (number, size) in self.in_packet() {
            let value = machine.register(vcpu, number);
            match value.and_then(|value| self.encode(number, value)) {
                Some(encoded) => bytes.extend(encoded.into_iter().map(Some)),
                None => bytes.extend(std::iter::repeat_n(None, size)),
            }
        }
        bytes
    }

    /// The registers that a `G` packet would change, with their new values; `None` when it has the wrong length.
    pub fn changes(
        &self,
        machine: &(impl Inspect + ?Sized),
        vcpu: VcpuId,
        bytes: &[u8],
    ) -> Option<Vec<(usize, u128)>> {
        let mut rest = bytes;
        let mut changes = Vec::new();
        for (number, size) in self.in_packet() {
            let (field, others) = rest.split_at_checked(size)?;
            rest = others;
            let value = self.decode(number, field)?;
            let old = machine.register(vcpu, number);
            if old.is_some_and(|old| old != value) {
                changes.push((number, value));
            }
        }
        rest.is_empty().then_some(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(name: &'static str, bits: u16, group: RegisterGroup) -> RegisterInfo {
        RegisterInfo { name, bits, group }
    }

    fn named(names: &'static str, bits: u16, group: RegisterGroup) -> Vec<RegisterInfo> {
        names.split_whitespace().map(|name| register(name, bits, group)).collect()
    }

    fn s390x() -> RegisterFile {
        let mut registers = named("pswm pswa r0 r1 r2", 64, RegisterGroup::General);
        registers.extend(named("acr0 acr1", 32, RegisterGroup::General));
        registers.push(register("fpc", 32, RegisterGroup::Float));
        registers.extend(named("f0 f1 v0l", 64, RegisterGroup::Float));
        registers.extend(named("v16 v31", 128, RegisterGroup::Float));
        registers.extend(named("cr0", 64, RegisterGroup::System));
        RegisterFile::new("s390x", true, registers)
    }

    fn alpha() -> RegisterFile {
        const NAMES: [&str; ALPHA_BUILT_IN + 1] = {
            let mut names = ["r"; ALPHA_BUILT_IN + 1];
            names[64] = "pc";
            names[ALPHA_BUILT_IN] = "ptbr";
            names
        };
        let general = |name| register(name, 64, RegisterGroup::General);
        RegisterFile::new("alpha", false, NAMES.map(general).to_vec())
    }

    /// Catches a description that GDB does not read: it then shows the wrong registers, or drops the connection.
    #[test]
    fn s390x_registers_are_in_the_features_that_gdb_knows() {
        let file = s390x();
        let xml = file.description();
        assert!(xml.contains("<architecture>s390:64-bit</architecture>"), "{xml}");
        let feature = |name: &str| {
            let begin = format!("<feature name=\"{name}\">");
            let (_, rest) = xml.split_once(&begin).unwrap_or_else(|| panic!("no {name} in {xml}"));
            rest.split_once("</feature>").expect("an end").0
        };
        assert!(feature("org.gnu.gdb.s390.core").contains(
            "<reg name=\"pswa\" bitsize=\"64\" type=\"code_ptr\" regnum=\"1\" group=\"general\"/>"
        ));
        assert!(feature("org.gnu.gdb.s390.acr").contains("name=\"acr1\" bitsize=\"32\""));
        assert!(
            feature("org.gnu.gdb.s390.fpr")
                .contains("name=\"f1\" bitsize=\"64\" type=\"ieee_double\"")
        );
        assert!(
            feature("org.gnu.gdb.s390.fpr").contains("name=\"fpc\" bitsize=\"32\" type=\"int\"")
        );
        assert!(feature("org.gnu.gdb.s390.vx").contains("name=\"v0l\""));
        assert!(
            feature("org.gnu.gdb.s390.vx").contains("name=\"v16\" bitsize=\"128\" type=\"vec128\"")
        );
        assert!(feature("org.lockstep.s390x.system").contains("name=\"cr0\""));
        let without = named("pswm f0 v0l", 64, RegisterGroup::Float);
        let without = RegisterFile::new("s390x", true, without);
        assert!(!without.description().contains("s390.vx"), "it would lack v16");
    }

    /// Catches a description of alpha, for which GDB knows its registers itself and takes exactly so many.
    #[test]
    fn alpha_has_the_registers_that_gdb_has_built_in() {
        let file = alpha();
        assert!(file.description().contains("<architecture>alpha</architecture>"));
        assert!(!file.description().contains("<reg "), "{}", file.description());
        assert_eq!(file.in_packet().count(), ALPHA_BUILT_IN);
        assert_eq!(file.number("PTBR"), Some(ALPHA_BUILT_IN));
    }

    /// Catches bytes in the wrong order: a debugger would show 0x80 as 0x8000000000000000.
    #[test]
    fn values_have_the_byte_order_of_the_guest() {
        let (big, little) = (s390x(), alpha());
        assert_eq!(big.encode(1, 0x1234), Some(vec![0, 0, 0, 0, 0, 0, 0x12, 0x34]));
        assert_eq!(big.encode(5, 0x1234), Some(vec![0, 0, 0x12, 0x34]));
        assert_eq!(little.encode(1, 0x1234), Some(vec![0x34, 0x12, 0, 0, 0, 0, 0, 0]));
        assert_eq!(big.encode(99, 0), None);
        for number in [0, 1, 5, 11] {
            let bytes = big.encode(number, 0x8765_4321).expect("there is one");
            assert_eq!(big.decode(number, &bytes), Some(0x8765_4321));
            assert_eq!(big.decode(number, &bytes[1..]), None);
        }
        let bytes = little.encode(3, u128::from(u64::MAX - 1)).expect("there is one");
        assert_eq!(little.decode(3, &bytes), Some(u128::from(u64::MAX - 1)));
    }
}
