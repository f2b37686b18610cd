//! Names for addresses.
//!
//! A program counter says little to a person. When the guest's ELF file is at hand, addresses are shown as the symbol
//! that they are in, and commands take a symbol where they take an address.

use std::fmt;

use object::read::{Object, ObjectSymbol};
use object::{SymbolKind, SymbolSection};

/// A file is no ELF file that could give symbols.
#[derive(Debug, thiserror::Error)]
#[error("no symbols can be read: {0}")]
pub struct SymbolsError(String);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Symbol {
    address: u64,
    /// Bytes; 0 when the file does not say, as with labels in assembly.
    size: u64,
    /// Functions and data go before bare labels, global names before local ones.
    rank: u8,
    name: String,
}

/// The symbols of a guest. May be empty.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// By address; one for each address.
    by_address: Vec<Symbol>,
    /// All of them, by name.
    by_name: Vec<(String, u64)>,
}

impl Symbols {
    /// The symbols of an ELF file. An ELF file without any gives none.
    ///
    /// # Errors
    /// It is no ELF file, or a damaged one.
    pub fn of_elf(bytes: &[u8]) -> Result<Self, SymbolsError> {
        let file = object::File::parse(bytes).map_err(|error| SymbolsError(error.to_string()))?;
        let mut symbols = Self::default();
        for symbol in file.symbols() {
            symbols.by_address.extend(defined(&symbol));
        }
        symbols.by_name =
            symbols.by_address.iter().map(|symbol| (symbol.name.clone(), symbol.address)).collect();
        symbols.by_name.sort();
        symbols
            .by_address
            .sort_by(|a, b| (a.address, a.rank, &a.name).cmp(&(b.address, b.rank, &b.name)));
        symbols.by_address.dedup_by_key(|symbol| symbol.address);
        Ok(symbols)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    /// The symbol that an address is in, and how far.
    #[must_use]
    pub fn lookup(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.by_address.partition_point(|symbol| symbol.address <= address);
        let symbol = self.by_address.get(after.checked_sub(1)?)?;
        let offset = address - symbol.address;
        // What is past the last label of a file is anywhere.
        let inside =
            if symbol.size == 0 { after < self.by_address.len() } else { offset < symbol.size };
        (inside || offset == 0).then_some((&symbol.name, offset))
    }

    /// The address of a symbol.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<u64> {
        let found = self.by_name.binary_search_by(|(other, _)| other.as_str().cmp(name));
        found.ok().map(|place| self.by_name[place].1)
    }

    /// An address as people read it: `0x40000080 <start+128>`.
    #[must_use]
    pub fn show(&self, address: u64) -> impl fmt::Display {
        struct Shown<'a>(u64, Option<(&'a str, u64)>);
        impl fmt::Display for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)?;
                match self.1 {
                    None => Ok(()),
                    Some((name, 0)) => write!(f, " <{name}>"),
                    Some((name, offset)) => write!(f, " <{name}+{offset}>"),
                }
            }
        }
        Shown(address, self.lookup(address))
    }
}

fn defined<'a>(symbol: &impl ObjectSymbol<'a>) -> Option<Symbol> {
    let rank = match symbol.kind() {
        SymbolKind::Text | SymbolKind::Data | SymbolKind::Tls => 0,
        SymbolKind::Label | SymbolKind::Unknown => 2,
        SymbolKind::File | SymbolKind::Section => return None,
        _ => 4,
    };
    let name = symbol.name().ok()?;
    // `$x`, `$d` and the like tell disassemblers where code is.
    let mapping = name.is_empty() || name.starts_with('$');
    let placed = matches!(symbol.section(), SymbolSection::Section(_));
    (placed && !mapping).then(|| Symbol {
        address: symbol.address(),
        size: symbol.size(),
        rank: rank + u8::from(symbol.is_local()),
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Symbols {
        let symbol =
            |address, size, name: &str| Symbol { address, size, rank: 0, name: name.to_owned() };
        let by_address =
            vec![symbol(0x100, 0x10, "first"), symbol(0x120, 0, "label"), symbol(0x130, 0, "last")];
        let by_name = vec![("first".to_owned(), 0x100), ("label".to_owned(), 0x120)];
        Symbols { by_address, by_name }
    }

    /// Catches an address that is given to the wrong neighbour.
    #[test]
    fn an_address_belongs_to_the_symbol_around_it() {
        let symbols = symbols();
        let shown = |address| symbols.show(address).to_string();
        assert_eq!(shown(0xff), "0xff");
        assert_eq!(shown(0x100), "0x100 <first>");
        assert_eq!(shown(0x10f), "0x10f <first+15>");
        assert_eq!(shown(0x110), "0x110");
        assert_eq!(shown(0x124), "0x124 <label+4>");
        assert_eq!(shown(0x130), "0x130 <last>");
        assert_eq!(shown(0x131), "0x131");
        assert_eq!(symbols.address("label"), Some(0x120));
        assert_eq!(symbols.address("nobody"), None);
    }

    /// Catches a file of any other kind that is taken for one without symbols, or a panic over it.
    #[test]
    fn what_is_no_elf_file_is_refused() {
        assert!(Symbols::of_elf(b"MZ").is_err());
        assert!(Symbols::of_elf(b"\x7fELF").is_err());
        assert!(Symbols::of_elf(&[]).is_err());
    }
}
