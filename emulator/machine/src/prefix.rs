//! Machines that begin where a recording was.
//!
//! A thousand runs that differ only in what comes after a boot need not boot a thousand times. So a recording of the boot, their
//! *prefix*, can be an image like a kernel: the machine is built as always, with the seed of its own run, and then taken to
//! the prefix's last keyframe. A log names its prefix by its digest among the images, so that the log and its images are all
//! that a replay needs.
//!
//! What a machine draws from its seed while it is built is the prefix's, as all else that has happened by then; what it draws from
//! there on, and after a reset, is its own seed's.

use std::io::{Read, Seek};

use lockstep_log::{ImageRecord, ImageRole, LogError, MachineRecord, Reader};

use crate::boards::build_from_power_on;
use crate::{BuildError, Images, KeyframeError, Machine, restore_keyframe};

/// A recording that cannot be a machine's prefix.
#[derive(Debug, thiserror::Error)]
enum PrefixError {
    #[error("{0}")]
    Log(#[from] LogError),
    #[error("{0}")]
    Keyframe(#[from] KeyframeError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(
        "the recording has no keyframe to begin at; make one with a script's `keyframe`, or with --keyframes"
    )]
    NoKeyframe,
    #[error("the recording has a prefix itself; make one from where the machine is switched on")]
    Chained,
    #[error("it is of a machine with another {what}: {theirs}, here {ours}")]
    Machine { what: &'static str, theirs: String, ours: String },
    #[error("it was made with {theirs}, and here is {ours}")]
    Image { theirs: String, ours: String },
}

/// Takes a machine that was just built to where its prefix ends, if it has one.
pub(crate) fn enter(
    machine: &mut dyn Machine,
    record: &MachineRecord,
    images: &Images,
) -> Result<(), BuildError> {
    let Some((image, bytes)) = images.get(ImageRole::Prefix) else { return Ok(()) };
    let log = Reader::open(std::io::Cursor::new(bytes)).map_err(PrefixError::from);
    let entered = log.and_then(|log| enter_log(machine, record, images, log));
    entered.map_err(|error| BuildError::image(image, error.to_string()))
}

fn enter_log<S: Read + Seek>(
    machine: &mut dyn Machine,
    record: &MachineRecord,
    images: &Images,
    mut log: Reader<S>,
) -> Result<(), PrefixError> {
    let header = log.header().clone();
    if header.images.iter().any(|image| image.role == ImageRole::Prefix) {
        return Err(PrefixError::Chained);
    }
    same_machine(&header.machine, record)?;
    let others = images.without(ImageRole::Prefix);
    same_images(&header.images, &others.records())?;
    let keyframes = log.keyframes()?;
    let last = keyframes.last().ok_or(PrefixError::NoKeyframe)?;
    // The first keyframe says what has changed since the prefix's own machine was built, with its own seed.
    let mut snapshot = build_from_power_on(&header.machine, &others)?.save();
    for keyframe in &keyframes {
        snapshot = snapshot.with_keyframe(keyframe)?;
    }
    Ok(restore_keyframe(machine, &snapshot, last)?)
}

/// The seed, the script and the distance of digests may be others: the guest sees the first from here on, and the rest never.
fn same_machine(theirs: &MachineRecord, ours: &MachineRecord) -> Result<(), PrefixError> {
    let options = |machine: &MachineRecord| {
        let options = machine.options.iter().map(|(key, value)| format!("{key}={value}"));
        options.collect::<Vec<_>>().join(",")
    };
    let facts = |machine: &MachineRecord| {
        [
            ("board", machine.board.clone()),
            ("board options", options(machine)),
            ("processor", machine.cpu.clone()),
            ("memory size", machine.memory.to_string()),
            ("number of vCPUs", machine.vcpus.to_string()),
            ("time for an instruction", format!("{}ns", machine.ns_per_insn)),
            ("start date", machine.start_date.to_string()),
            ("mode of I/O", machine.io.to_string()),
            ("command line", format!("{:?}", machine.append)),
        ]
    };
    let mut pairs = facts(theirs).into_iter().zip(facts(ours));
    match pairs.find(|(theirs, ours)| theirs != ours) {
        Some(((what, theirs), (_, ours))) => Err(PrefixError::Machine { what, theirs, ours }),
        None => Ok(()),
    }
}

fn same_images(theirs: &[ImageRecord], ours: &[ImageRecord]) -> Result<(), PrefixError> {
    let same = |a: &ImageRecord, b: &ImageRecord| {
        let name = a.role != ImageRole::File || a.name == b.name;
        name && (a.role, a.len, a.digest) == (b.role, b.len, b.digest)
    };
    let show = |image: Option<&ImageRecord>| {
        let show = |image: &ImageRecord| {
            format!("{} {} (blake3 {}...)", image.role, image.name, image.digest.short())
        };
        image.map_or_else(|| "no such image".to_owned(), show)
    };
    for place in 0..theirs.len().max(ours.len()) {
        let (a, b) = (theirs.get(place), ours.get(place));
        if !a.zip(b).is_some_and(|(a, b)| same(a, b)) {
            return Err(PrefixError::Image { theirs: show(a), ours: show(b) });
        }
    }
    Ok(())
}
