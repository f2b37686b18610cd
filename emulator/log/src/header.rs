//! What a log says about the machine that was recorded.
//!
//! A replay must build exactly the machine that was recorded, from the log alone: no command line to remember, no
//! defaults that may have changed since. Everything that the guest can see, or that changes which events there
//! are, is here; nothing else is, so that the same run on another host, under another engine, gives the same
//! bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use lockstep_core::{DEFAULT_NS_PER_INSN, Level};

use crate::error::ImageMismatch;

/// Everything before the first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The program that made the log, with its version.
    pub creator: String,
    /// How much was written down.
    pub level: Level,
    /// The machine.
    pub machine: MachineRecord,
    /// The images that the machine was given, in the order in which it was given them.
    pub images: Vec<ImageRecord>,
    /// Whether the log holds the images too.
    pub bundled: bool,
}

/// The configuration of the machine that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRecord {
    /// The guest architecture: `aarch64`.
    pub arch: String,
    /// The board: `virt`.
    pub board: String,
    /// The board's options by name: `gic` is `3`.
    pub options: BTreeMap<String, String>,
    /// The processor model.
    pub cpu: String,
    /// Bytes of RAM.
    pub memory: u64,
    /// Number of vCPUs.
    pub vcpus: u16,
    /// Nanoseconds of virtual time that one instruction takes.
    pub ns_per_insn: NonZeroU32,
    /// What the guest's random numbers derive from.
    pub seed: u64,
    /// The date at which the machine starts, in seconds since 1970.
    pub start_date: u64,
    /// Instructions between two digests.
    pub digest_interval: u64,
    /// When device requests complete.
    pub io: IoMode,
    /// The kernel's command line.
    pub append: String,
    /// The script that types for the user, as it was written.
    pub script: String,
}

impl Default for MachineRecord {
    fn default() -> Self {
        Self {
            arch: String::new(),
            board: String::new(),
            options: BTreeMap::new(),
            cpu: String::new(),
            memory: 0,
            vcpus: 1,
            ns_per_insn: DEFAULT_NS_PER_INSN,
            seed: 0,
            start_date: 0,
            digest_interval: 1_000_000,
            io: IoMode::Modelled,
            append: String::new(),
            script: String::new(),
        }
    }
}

/// When device requests complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IoMode {
    /// After a modelled latency: recordings repeat byte for byte.
    #[default]
    Modelled,
    /// When the host is done: recordings differ, and each replays exactly.
    Live,
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageRole {
    /// The kernel, or a program that runs in its place.
    Kernel,
    /// The initial RAM disk.
    Initrd,
    /// The firmware.
    Bios,
    /// A device tree that replaces the board's.
    DeviceTree,
    /// A disk.
    Disk,
    /// A file that the guest can open by its name, through semihosting.
    File,
    /// A recording: the machine begins at its last keyframe.
    Prefix,
}

/// A set of names, each for one value: what users type and headers hold.
macro_rules! names {
    ($type:ident, $what:literal: $($value:ident $name:literal),+) => {
        impl $type {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The name in headers, and that users type.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $name),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|value| value.name() == text);
                found.copied().ok_or_else(|| format!(concat!("'{}' is not ", $what), text))
            }
        }
    };
}

names!(IoMode, "a mode of I/O: modelled or live": Modelled "modelled", Live "live");
names!(ImageRole, "what an image can be for":
    Kernel "kernel", Initrd "initrd", Bios "bios", DeviceTree "device-tree", Disk "disk",
    File "file", Prefix "prefix");

/// An image that the machine was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRecord {
    /// What it is for.
    pub role: ImageRole,
    /// Its file's name, without the path; of a [`ImageRole::File`], its path in the folder that it was in.
    pub name: String,
    /// Bytes.
    pub len: u64,
    /// What identifies it.
    pub digest: ImageDigest,
}

impl ImageRecord {
    /// The record of an image.
    #[must_use]
    pub fn of(role: ImageRole, name: &str, bytes: &[u8]) -> Self {
        let digest = ImageDigest::of(bytes);
        Self { role, name: name.to_owned(), len: bytes.len() as u64, digest }
    }

    /// Checks that `bytes` are the image that was recorded with.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Box<ImageMismatch>> {
        let found = ImageDigest::of(bytes);
        if found == self.digest && bytes.len() as u64 == self.len {
            return Ok(());
        }
        Err(Box::new(ImageMismatch {
            role: self.role,
            name: self.name.clone(),
            len: self.len,
            expected: self.digest,
            found_len: bytes.len() as u64,
            found,
        }))
    }
}

/// The BLAKE3 digest of an image: images come from outside, so it must resist forgery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageDigest(pub [u8; 32]);

impl ImageDigest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The first digits: enough to tell images apart by eye.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from(self.0).to_hex())
    }
}

impl FromStr for ImageDigest {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let hash = blake3::Hash::from_hex(text).map_err(|_| format!("'{text}' is not a digest"))?;
        let digest = Self(*hash.as_bytes());
        if digest.to_string() == text { Ok(digest) } else { Err(format!("'{text}': use a-f")) }
    }
}
