//! Where trials begin that do not begin where the machine is switched on.
//!
//! A scenario with `from` is recorded up to there once, and its trials go on from that recording's keyframe. The recording, their
//! prefix, is kept under a name that has a digest of all that it depends on: the emulator, the machine, the images, and what
//! is typed. Trials may run in several processes at the same time; whoever comes first makes it, and the others wait for that. Each
//! trial has a link to it in its folder, so that nothing is missing there when the trial fails.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use lockstep_log::Reader;

use super::attempt::Attempt;
use crate::failure::Failure;
use crate::load::Disturbance;
use crate::schema::{Beginning, Exit, script_text};

/// The file in a trial's folder, whose name is in the logs.
pub(super) const NAME: &str = "prefix.log";
/// The folder that all trials have in common.
const SHARED: &str = "lockstep-prefixes";
/// The seed of what all trials share; their own seeds count from there on.
const SEED: u64 = 0;
/// Prefixes of one scenario that are kept: of the emulators, images and scripts that were there last.
const KEPT: usize = 4;

impl Attempt<'_> {
    /// The prefix in the trial's folder.
    pub(super) fn prefix(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Links the scenario's prefix into the trial's folder, and makes it first if it is not there.
    pub(super) fn find_prefix(&self) -> Result<(), Failure> {
        let Some(from) = &self.scenario.from else { return Ok(()) };
        let script = script_text(&from.steps());
        let shared = self.runner.target.join(SHARED);
        fs::create_dir_all(&shared)?;
        let variant = self.trial.variant('.').replace('/', ".");
        // Released when the file is closed, also by a process that is killed.
        let lock = File::create(shared.join(format!("{variant}.lock")))?;
        lock.lock()?;
        let kept = shared.join(format!("{variant}-{}.log", self.prefix_key(&script)?));
        if !kept.is_file() {
            self.make_prefix(from, &script)?;
            forget_old(&shared, &variant)?;
            fs::rename(self.prefix(), &kept)?;
        }
        fs::hard_link(&kept, self.prefix())
            .or_else(|_| fs::copy(&kept, self.prefix()).map(|_| ()))?;
        Ok(())
    }

    /// Names all that the prefix depends on.
    fn prefix_key(&self, script: &str) -> io::Result<String> {
        let mut options = Vec::new();
        self.hardware_options(&mut options);
        let mut files = vec![self.emulator.to_owned()];
        let guest = &self.scenario.guest;
        let folder = &self.trial.entry.folder;
        files.extend(guest.images().map(|(_, image)| image.path(folder, &self.runner.root)));
        files.extend((0..guest.disks.len()).map(|number| self.disk(number)));
        if let Some(folder) = self.files() {
            list_files(&folder, &mut files)?;
        }
        let mut key = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            key.update(&(bytes.len() as u64).to_le_bytes());
            key.update(bytes);
        };
        options.iter().for_each(|option| add(option.as_encoded_bytes()));
        add(script.as_bytes());
        for file in files {
            add(file.file_name().unwrap_or_default().as_encoded_bytes());
            add(&fs::read(&file)?);
        }
        Ok(key.finalize().to_hex()[..16].to_owned())
    }

    /// Records up to where trials begin: without load, fault or schedule, and as fast as can be.
    fn make_prefix(&self, from: &Beginning, script: &str) -> Result<(), Failure> {
        let file = self.folder.join("prefix.txt");
        fs::write(&file, script)?;
        let mut arguments: Vec<OsString> = vec!["record".into(), "-o".into(), self.prefix().into()];
        arguments.extend(["--no-input".into(), "--script".into(), file.into()]);
        arguments.extend(["--seed".into(), SEED.to_string().into()]);
        self.hardware_options(&mut arguments);
        self.guest_options(&mut arguments);
        let mut run = self.process("prefix", arguments);
        run.disturbance = Disturbance::default();
        self.finish(&run, "the recording that trials begin from", Exit::Stopped.status())?;
        let has_keyframe = has_keyframe(&self.prefix());
        if has_keyframe.map_err(|error| io::Error::other(format!("the prefix: {error}")))? {
            return Ok(());
        }
        let awaited = format!("{:?}", from.after.as_deref().unwrap_or("the moment"));
        let error = format!("the guest stopped before trials could begin: before {awaited}");
        Err(io::Error::other(error).into())
    }
}

fn has_keyframe(log: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let mut reader = Reader::open(io::BufReader::new(File::open(log)?))?;
    Ok(!reader.keyframes()?.is_empty())
}

/// All files below a folder, by name.
fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let items = fs::read_dir(folder)?.map(|item| Ok(item?.path()));
    let mut items = items.collect::<io::Result<Vec<_>>>()?;
    items.sort();
    for item in items {
        if item.is_dir() { list_files(&item, files)? } else { files.push(item) }
    }
    Ok(())
}

/// Makes room for another prefix of a scenario. Trials that go on from one have links of their own.
fn forget_old(shared: &Path, variant: &str) -> io::Result<()> {
    let start = format!("{variant}-");
    let mut kept = Vec::new();
    for item in fs::read_dir(shared)? {
        let item = item?;
        let name = item.file_name().to_string_lossy().into_owned();
        let key = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".log"));
        if key.is_some_and(|key| key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit())) {
            kept.push((item.metadata()?.modified()?, item.path()));
        }
    }
    kept.sort();
    let old = kept.len().saturating_sub(KEPT - 1);
    kept.iter().take(old).try_for_each(|(_, path)| fs::remove_file(path))
}
