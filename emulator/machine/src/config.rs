//! What a user may ask of a machine, and what is wrong with it.

use std::collections::BTreeMap;

use lockstep_log::MachineRecord;

use crate::boards::BOARDS;

/// A machine that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No such board.
    #[error("there is no board '{name}'; known boards: {known}")]
    Board {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A board option that is not `key=value`, or that the board does not have, or a value that it does not have.
    #[error("board option '{option}': {detail}")]
    Option {
        /// What was asked for.
        option: String,
        /// What is wrong.
        detail: String,
    },
    /// No such processor.
    #[error("board {board} has no processor '{name}'; known processors: {known}")]
    Cpu {
        /// The board.
        board: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Not a size, or one that the board cannot have.
    #[error("memory size '{size}': {detail}")]
    Memory {
        /// What was asked for.
        size: String,
        /// What is wrong.
        detail: String,
    },
    /// Too many vCPUs, or none.
    #[error("{count} vCPUs: board {board} has 1 to {most}")]
    Vcpus {
        /// What was asked for.
        count: u16,
        /// The board.
        board: String,
        /// How many it can have.
        most: u16,
    },
}

/// Takes `BOARD[,KEY=VALUE]...` apart.
pub fn parse_machine(text: &str) -> Result<(String, BTreeMap<String, String>), ConfigError> {
    let mut words = text.split(',');
    let board = words.next().unwrap_or_default().to_owned();
    let mut options = BTreeMap::new();
    for word in words {
        let error = |detail: &str| ConfigError::Option {
            option: word.to_owned(),
            detail: detail.to_owned(),
        };
        let (key, value) = word.split_once('=').ok_or_else(|| error("write KEY=VALUE"))?;
        if options.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(error("given twice"));
        }
    }
    Ok((board, options))
}

/// Bytes in a size as users write it: a number, with K, M or G for powers of 1024.
pub fn parse_memory(text: &str) -> Result<u64, ConfigError> {
    let error =
        |detail: &str| ConfigError::Memory { size: text.to_owned(), detail: detail.to_owned() };
    let (digits, shift) =
        match text.trim_end_matches(['B', 'b']).strip_suffix(|c: char| c.is_alphabetic()) {
            Some(digits) => match text.trim_end_matches(['B', 'b']).chars().last() {
                Some('K' | 'k') => (digits, 10),
                Some('M' | 'm') => (digits, 20),
                Some('G' | 'g') => (digits, 30),
                _ => return Err(error("units are K, M and G")),
            },
            None => (text, 0),
        };
    let number: u64 =
        digits.parse().map_err(|_| error("write a number with K, M or G, as in 512M"))?;
    // Zero stands for the board's default in a record; a user who writes it means something else.
    let number = Some(number).filter(|number| *number > 0).ok_or_else(|| error("must not be 0"))?;
    number.checked_mul(1 << shift).ok_or_else(|| error("too large"))
}

/// Fills in what the user left open, and refuses what the board cannot be.
pub fn check(record: &mut MachineRecord) -> Result<(), ConfigError> {
    let board = BOARDS.iter().find(|board| board.name == record.board).ok_or_else(|| {
        let known: Vec<_> = BOARDS.iter().map(|board| board.name).collect();
        ConfigError::Board { name: record.board.clone(), known: known.join(", ") }
    })?;
    record.arch = board.arch.to_owned();
    for (key, value) in &record.options {
        let error =
            |detail: String| ConfigError::Option { option: format!("{key}={value}"), detail };
        let option = board.options.iter().find(|option| option.name == key).ok_or_else(|| {
            let known: Vec<_> = board.options.iter().map(|option| option.name).collect();
            error(format!("board {} has these options: {}", board.name, known.join(", ")))
        })?;
        if !option.values.contains(&value.as_str()) {
            return Err(error(format!("values are {}", option.values.join(", "))));
        }
    }
    for option in board.options {
        record.options.entry(option.name.to_owned()).or_insert_with(|| option.values[0].to_owned());
    }
    // What is switched off is not there: a record says nothing of what its machine does not have.
    record.options.retain(|_, value| value != "off");
    if record.cpu.is_empty() {
        board.cpus[0].clone_into(&mut record.cpu);
    }
    if !board.cpus.contains(&record.cpu.as_str()) {
        return Err(ConfigError::Cpu {
            board: board.name.to_owned(),
            name: record.cpu.clone(),
            known: board.cpus.join(", "),
        });
    }
    if record.memory == 0 {
        record.memory = board.default_memory;
    }
    let size = record.memory;
    if !size.is_multiple_of(1 << 20) || size < 1 << 20 || size > board.most_memory {
        let detail = format!(
            "board {} has 1M to {}M, in whole megabytes",
            board.name,
            board.most_memory >> 20
        );
        return Err(ConfigError::Memory { size: size.to_string(), detail });
    }
    if record.vcpus == 0 || record.vcpus > board.most_vcpus {
        return Err(ConfigError::Vcpus {
            count: record.vcpus,
            board: board.name.to_owned(),
            most: board.most_vcpus,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches units that are off by a factor, and junk that passes for a size.
    #[test]
    fn sizes() {
        assert_eq!(parse_memory("512M"), Ok(512 << 20));
        assert_eq!(parse_memory("1GB"), Ok(1 << 30));
        assert_eq!(parse_memory("4096"), Ok(4096));
        for junk in ["", "M", "12T", "-1M", "1.5G", "99999999999G", "é", "0", "0M"] {
            assert!(parse_memory(junk).is_err(), "{junk}");
        }
    }

    /// Catches options that are silently dropped.
    #[test]
    fn machines() {
        let (board, options) = parse_machine("virt,gic=3").unwrap();
        assert_eq!((board.as_str(), options["gic"].as_str()), ("virt", "3"));
        assert!(parse_machine("virt,gic").is_err());
        assert!(parse_machine("virt,gic=2,gic=3").is_err());
        let mut record = MachineRecord { board, options, ..MachineRecord::default() };
        check(&mut record).unwrap();
        assert_eq!(record.arch, "aarch64");
        for (key, value) in [("gic", "5"), ("gicv", "3")] {
            let options = [(key.to_owned(), value.to_owned())].into();
            let mut wrong = MachineRecord { options, ..record.clone() };
            assert!(matches!(check(&mut wrong), Err(ConfigError::Option { .. })));
        }
        let mut wrong = MachineRecord { memory: 12345, ..record.clone() };
        assert!(matches!(check(&mut wrong), Err(ConfigError::Memory { .. })));
        let mut wrong = MachineRecord { vcpus: 600, ..record };
        assert!(matches!(check(&mut wrong), Err(ConfigError::Vcpus { .. })));
    }
}
