//! Getting real guests: packages of Debian, through Debian's own tools.
//!
//! apt resolves the version and checks the signatures; what is unpacked is
//! recorded in a manifest with its digests, so that the next call need not go out at
//! all, and a damaged file is noticed. Nothing is installed, and no state of
//! the system changes: where the system's package lists do not do (they are
//! missing, out of date, or for another architecture), lists of our own are kept under
//! `guests/.apt`. So it needs no privileges either.

mod apt;
mod manifest;

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::process::{self, Program};
use apt::Apt;
use manifest::{Manifest, State};

/// A guest that somebody else makes.
struct Guest {
    name: &'static str,
    about: &'static str,
    package: &'static str,
    /// The package only depends on the one that is meant, whose name starts like this.
    follow: Option<&'static str>,
    /// The package's architecture in apt's terms, if it is not the host's or `all`.
    architecture: Option<&'static str>,
    files: &'static [Member],
}

/// A file in a package (`*` may end its name), and its name here.
struct Member {
    pattern: &'static str,
    name: &'static str,
}

const GUESTS: &[Guest] = &[
    Guest {
        name: "u-boot",
        about: "U-Boot for the aarch64 virt board",
        package: "u-boot-qemu",
        follow: None,
        architecture: None,
        files: &[Member { pattern: "usr/lib/u-boot/qemu_arm64/u-boot.bin", name: "u-boot.bin" }],
    },
    Guest {
        name: "linux-aarch64",
        about: "Debian's Linux kernel for aarch64",
        package: "linux-image-arm64",
        follow: Some("linux-image-"),
        architecture: Some("arm64"),
        files: &[Member { pattern: "boot/vmlinuz-*", name: "vmlinuz" }],
    },
];

const DPKG_DEB: Program = Program { name: "dpkg-deb", advice: apt::ADVICE };

/// Gets the named guests, or all.
pub(super) fn fetch(root: &Path, names: &[String]) -> Result<(), Error> {
    let folder = root.join("guests");
    for guest in select(names)? {
        match manifest::state(&folder.join(guest.name)) {
            State::Intact(manifest) => println!("{}: {manifest}, already here", guest.name),
            State::Absent | State::Damaged(_) => {
                let manifest = fetch_one(&folder, guest)?;
                println!("{}: {manifest}, fetched", guest.name);
            }
        }
    }
    Ok(())
}

/// Prints what is known and what is here.
pub(super) fn list(root: &Path) {
    for guest in GUESTS {
        let state = match manifest::state(&root.join("guests").join(guest.name)) {
            State::Intact(manifest) => format!("here: {manifest}"),
            State::Damaged(what) => format!("damaged: {what}"),
            State::Absent => "not fetched".to_owned(),
        };
        println!("{:<15} {:<35} {state}", guest.name, guest.about);
    }
}

fn select(names: &[String]) -> Result<Vec<&'static Guest>, Error> {
    if names.is_empty() {
        return Ok(GUESTS.iter().collect());
    }
    let find = |name: &String| {
        let known = || GUESTS.iter().map(|guest| guest.name).collect::<Vec<_>>();
        GUESTS
            .iter()
            .find(|guest| guest.name == name)
            .ok_or_else(|| Error::Unknown(name.clone(), known().join(", ")))
    };
    names.iter().map(find).collect()
}

/// Downloads and unpacks into a folder beside the right one, which is
/// replaced at the end: a guest is here whole or not at all.
fn fetch_one(folder: &Path, guest: &'static Guest) -> Result<Manifest, Error> {
    let work = folder.join(format!(".{}.partial", guest.name));
    remove(&work)?;
    let unpacked = work.join("unpacked");
    let kept = work.join("kept");
    for path in [&work, &unpacked, &kept] {
        fs::create_dir_all(path).map_err(Error::file(path))?;
    }
    eprintln!("{}: downloading package {}", guest.name, guest.package);
    let package = download(folder, guest, &work)?;
    let manifest = unpack(guest, &package, &unpacked, &kept)?;
    manifest.write(&kept)?;
    let place = folder.join(guest.name);
    remove(&place)?;
    fs::rename(&kept, &place).map_err(Error::file(&place))?;
    remove(&work)?;
    Ok(manifest)
}

/// Tries the system's package lists where they can be right, then our own.
fn download(folder: &Path, guest: &'static Guest, into: &Path) -> Result<PathBuf, Error> {
    if guest.architecture.is_none() {
        match Apt::of_system().download(guest, into) {
            Err(Error::Process(process::Error::Failed { .. })) => {}
            outcome => return outcome,
        }
    }
    eprintln!("{}: reading the package lists", guest.name);
    let apt = Apt::of_our_own(folder, guest.architecture)?;
    // Some source may be out of reach, and not be the one that is needed.
    let update = apt.update();
    apt.download(guest, into).map_err(|error| match error {
        Error::Process(reason @ process::Error::Failed { .. }) => Error::Fetch {
            guest: guest.name,
            reason: update.err().unwrap_or(reason),
            advice: "It takes package sources of Debian (`main` is enough) and a network that reaches them.",
        },
        other => other,
    })
}

fn unpack(guest: &Guest, package: &Path, unpacked: &Path, kept: &Path) -> Result<Manifest, Error> {
    let field = |name: &str| -> Result<String, Error> {
        let arguments = ["-f".as_ref(), package.as_os_str(), name.as_ref()];
        Ok(DPKG_DEB.run(unpacked, arguments)?.trim().to_owned())
    };
    let mut manifest = Manifest {
        package: field("Package")?,
        version: field("Version")?,
        architecture: field("Architecture")?,
        package_digest: manifest::digest(package)?,
        files: Vec::new(),
    };
    let arguments = ["-x".as_ref(), package.as_os_str(), unpacked.as_os_str()];
    DPKG_DEB.run(unpacked, arguments)?;
    for member in guest.files {
        let found = find(unpacked, member.pattern).ok_or_else(|| Error::NotInPackage {
            package: manifest.package.clone(),
            pattern: member.pattern,
        })?;
        let place = kept.join(member.name);
        fs::rename(&found, &place).map_err(Error::file(&place))?;
        let digest = manifest::digest(&place)?;
        manifest.files.push((member.name.to_owned(), digest));
    }
    Ok(manifest)
}

/// The file under `folder` that a member's pattern means: the last by name if
/// several do.
fn find(folder: &Path, pattern: &str) -> Option<PathBuf> {
    let Some(prefix) = pattern.strip_suffix('*') else {
        return Some(folder.join(pattern)).filter(|path| path.is_file());
    };
    let (parent, start) = prefix.rsplit_once('/').unwrap_or(("", prefix));
    fs::read_dir(folder.join(parent))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
        })
        .max()
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file(folder)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{GUESTS, find, select};
    use std::fs;

    #[test]
    fn names_are_known_or_listed() {
        assert_eq!(select(&[]).expect("all").len(), GUESTS.len());
        let one = select(&["u-boot".to_owned()]).expect("known");
        assert_eq!(one[0].package, "u-boot-qemu");
        let error = select(&["uboot".to_owned()]).err().expect("unknown");
        assert!(error.to_string().contains("known are: u-boot"));
    }

    #[test]
    fn patterns_find_files_and_only_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(folder.path().join("boot/vmlinuz-folder")).expect("a folder");
        fs::write(folder.path().join("boot/vmlinuz-6.1"), "").expect("a file");
        fs::write(folder.path().join("boot/config-6.1"), "").expect("a file");
        let found = find(folder.path(), "boot/vmlinuz-*");
        assert_eq!(found, Some(folder.path().join("boot/vmlinuz-6.1")));
        assert!(find(folder.path(), "boot/config-6.1").is_some());
        assert_eq!(find(folder.path(), "boot/vmlinuz"), None);
        assert_eq!(find(folder.path(), "none/vmlinuz-*"), None);
    }
}
