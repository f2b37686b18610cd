//! The assembly syntax of instructions, as GNU tools print it.

/// The text of the instruction in `bytes`, at `pc`.
#[must_use]
pub fn disassemble(bytes: &[u8], pc: u64) -> String {
    let _ = pc;
    crate::table::find(crate::Text(u64::from(bytes.first().copied().unwrap_or(0)) << 56))
        .map_or_else(String::new, |(_, row)| row.name.to_owned())
}
