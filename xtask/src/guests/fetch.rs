//! Getting real guests: packages of Debian, through Debian's own tools.
//!
//! apt resolves the version and checks the signatures; what is unpacked is
//! recorded in a manifest with its digests, so that the next call need not go out at
//! all, and a damaged file is noticed. Nothing is installed, and no state of
//! the system changes: where the system's package lists do not do (they are
//! missing, out of date, or for another architecture), lists of our own are kept under
//! `guests/.apt`. So it needs no privileges either.

mod apt;
mod initrd;
mod linux_alpha;
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
    packages: &'static [Package],
    /// What the kernel finds when it has started, if that is ours to make.
    initrd: Option<&'static Initrd>,
}

/// A package, and what is wanted of it.
struct Package {
    name: &'static str,
    /// The package only depends on the one that is meant, whose name starts like this.
    follow: Option<&'static str>,
    /// The package's architecture in apt's terms, if it is not the host's or `all`.
    architecture: Option<&'static str>,
    /// The release it is of, if that is not the one that apt prefers.
    release: Option<&'static str>,
    files: &'static [Member],
}

/// A file in a package (`*` may end its name; a name without folders is looked for in all), and its name here.
struct Member {
    pattern: &'static str,
    name: &'static str,
}

/// What goes into an initial RAM disk besides busybox.
struct Initrd {
    /// The first program.
    init: &'static str,
    /// Scripts by their names.
    scripts: &'static [(&'static str, &'static str)],
    /// Names under which busybox is found.
    applets: &'static [&'static str],
}

const fn member(pattern: &'static str, name: &'static str) -> Member {
    Member { pattern, name }
}

/// The modules that the init script loads; packages may have them compressed.
const MODULES: [Member; 12] = [
    member("virtio_mmio.ko*", "modules/virtio_mmio.ko"),
    member("virtio_blk.ko*", "modules/virtio_blk.ko"),
    member("virtio-rng.ko*", "modules/virtio-rng.ko"),
    member("virtio_console.ko*", "modules/virtio_console.ko"),
    member("failover.ko*", "modules/failover.ko"),
    member("net_failover.ko*", "modules/net_failover.ko"),
    member("virtio_net.ko*", "modules/virtio_net.ko"),
    member("crc16.ko*", "modules/crc16.ko"),
    member("crc32c_generic.ko*", "modules/crc32c_generic.ko"),
    member("mbcache.ko*", "modules/mbcache.ko"),
    member("jbd2.ko*", "modules/jbd2.ko"),
    member("ext4.ko*", "modules/ext4.ko"),
];

/// What is kept of a kernel's package.
const KERNEL: [Member; 13] = {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = MODULES;
    [member("boot/vmlinuz-*", "vmlinuz"), a, b, c, d, e, f, g, h, i, j, k, l]
};

const BUSYBOX_ARM64: Package = Package {
    name: "busybox-static",
    follow: None,
    architecture: Some("arm64"),
    release: None,
    files: &[member("bin/busybox", "busybox")],
};

const BUSYBOX_S390X: Package = Package { architecture: Some("s390x"), ..BUSYBOX_ARM64 };

const LINUX_INITRD: Initrd = Initrd {
    init: include_str!("linux/init"),
    scripts: &[("tests/block", include_str!("linux/block"))],
    applets: &[
        "awk",
        "blockdev",
        "cat",
        "cmp",
        "dd",
        "echo",
        "expr",
        "fsync",
        "grep",
        "gunzip",
        "gzip",
        "head",
        "hexdump",
        "ifconfig",
        "insmod",
        "ls",
        "md5sum",
        "mke2fs",
        "mkdir",
        "mount",
        "ping",
        "poweroff",
        "rm",
        "sed",
        "seq",
        "setsid",
        "sh",
        "sha256sum",
        "sleep",
        "sort",
        "sync",
        "tail",
        "tr",
        "umount",
        "uname",
        "wc",
    ],
};

const GUESTS: &[Guest] = &[
    Guest {
        name: "u-boot",
        about: "U-Boot for the aarch64 virt board",
        packages: &[Package {
            name: "u-boot-qemu",
            follow: None,
            architecture: None,
            release: None,
            files: &[member("usr/lib/u-boot/qemu_arm64/u-boot.bin", "u-boot.bin")],
        }],
        initrd: None,
    },
    Guest {
        name: "linux-aarch64",
        about: "Debian's Linux kernel for aarch64",
        packages: &[
            Package {
                name: "linux-image-arm64",
                follow: Some("linux-image-"),
                architecture: Some("arm64"),
                release: None,
                files: &KERNEL,
            },
            BUSYBOX_ARM64,
        ],
        initrd: Some(&LINUX_INITRD),
    },
    Guest {
        name: "linux-aarch64-backports",
        about: "the newer one of its backports",
        packages: &[
            Package {
                name: "linux-image-arm64",
                follow: Some("linux-image-"),
                architecture: Some("arm64"),
                release: Some("bookworm-backports"),
                files: &[member("boot/vmlinuz-*", "vmlinuz")],
            },
            BUSYBOX_ARM64,
        ],
        initrd: Some(&LINUX_INITRD),
    },
    Guest {
        name: "linux-alpha",
        about: "Debian's Linux for alpha, built from its source",
        packages: &[Package {
            name: linux_alpha::PACKAGE,
            follow: None,
            architecture: None,
            release: None,
            files: &LINUX_ALPHA,
        }],
        initrd: None,
    },
    Guest {
        name: "linux-s390x",
        about: "Debian's Linux kernel for s390x",
        packages: &[
            Package {
                name: "linux-image-s390x",
                follow: Some("linux-image-"),
                architecture: Some("s390x"),
                release: None,
                files: &KERNEL,
            },
            BUSYBOX_S390X,
        ],
        initrd: Some(&LINUX_INITRD),
    },
    Guest {
        name: "linux-s390x-backports",
        about: "the newer one of its backports",
        packages: &[
            Package {
                name: "linux-image-s390x",
                follow: Some("linux-image-"),
                architecture: Some("s390x"),
                release: Some("bookworm-backports"),
                files: &[member("boot/vmlinuz-*", "vmlinuz")],
            },
            BUSYBOX_S390X,
        ],
        initrd: Some(&LINUX_INITRD),
    },
];

/// What is made of the kernel's source: see [`linux_alpha`].
const LINUX_ALPHA: [Member; 2] =
    [member("built/vmlinux", "vmlinux"), member("built/initrd.gz", "initrd.gz")];

const DPKG_DEB: Program = Program { name: "dpkg-deb", advice: apt::ADVICE };

/// Gets the named guests, or all.
pub(super) fn fetch(root: &Path, names: &[String]) -> Result<(), Error> {
    let folder = root.join("guests");
    for guest in select(names)? {
        match state_of(&folder, guest) {
            State::Intact(manifest) => println!("{}: {manifest}, already here", guest.name),
            State::Absent | State::Damaged(_) => {
                let manifest = fetch_one(&folder, guest)?;
                println!("{}: {manifest}, fetched", guest.name);
            }
        }
        if let Some(initrd) = guest.initrd {
            initrd.make(&folder.join(guest.name), guest)?;
        }
    }
    Ok(())
}

/// What is here of a guest. One that was fetched for less than is wanted now is not here.
fn state_of(folder: &Path, guest: &Guest) -> State {
    let state = manifest::state(&folder.join(guest.name));
    let wanted = guest.packages.iter().flat_map(|package| package.files);
    match &state {
        State::Intact(manifest)
            if !wanted.map(|file| file.name).eq(manifest.files.iter().map(|(name, _)| name)) =>
        {
            State::Absent
        }
        _ => state,
    }
}

/// Prints what is known and what is here.
pub(super) fn list(root: &Path) {
    for guest in GUESTS {
        let state = match state_of(&root.join("guests"), guest) {
            State::Intact(manifest) => format!("here: {manifest}"),
            State::Damaged(what) => format!("damaged: {what}"),
            State::Absent => "not fetched".to_owned(),
        };
        println!("{:<24} {:<35} {state}", guest.name, guest.about);
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
    let mut manifest = Manifest::default();
    for package in guest.packages {
        eprintln!("{}: downloading package {}", guest.name, package.name);
        let file = download(folder, guest.name, package, &work)?;
        unpack(package, &file, &unpacked, &kept, &mut manifest)?;
    }
    manifest.write(&kept)?;
    let place = folder.join(guest.name);
    remove(&place)?;
    fs::rename(&kept, &place).map_err(Error::file(&place))?;
    remove(&work)?;
    Ok(manifest)
}

/// Tries the system's package lists where they can be right, then our own.
fn download(
    folder: &Path,
    guest: &'static str,
    package: &'static Package,
    into: &Path,
) -> Result<PathBuf, Error> {
    if package.architecture.is_none() {
        match Apt::of_system().download(package, into) {
            Err(Error::Process(process::Error::Failed { .. })) => {}
            outcome => return outcome,
        }
    }
    eprintln!("{guest}: reading the package lists");
    let apt = Apt::of_our_own(folder, package)?;
    // Some source may be out of reach, and not be the one that is needed.
    let update = apt.update();
    apt.download(package, into).map_err(|error| match error {
        Error::Process(reason @ process::Error::Failed { .. }) => Error::Fetch {
            guest,
            reason: update.err().unwrap_or(reason),
            advice: "It takes package sources of Debian (`main` is enough; for backports, those) and a network that reaches them.",
        },
        other => other,
    })
}

fn unpack(
    package: &Package,
    file: &Path,
    unpacked: &Path,
    kept: &Path,
    manifest: &mut Manifest,
) -> Result<(), Error> {
    let field = |name: &str| -> Result<String, Error> {
        let arguments = ["-f".as_ref(), file.as_os_str(), name.as_ref()];
        Ok(DPKG_DEB.run(unpacked, arguments)?.trim().to_owned())
    };
    let name = field("Package")?;
    manifest.packages.push(manifest::Package {
        name: name.clone(),
        version: field("Version")?,
        architecture: field("Architecture")?,
        digest: manifest::digest(file)?,
    });
    let arguments = ["-x".as_ref(), file.as_os_str(), unpacked.as_os_str()];
    DPKG_DEB.run(unpacked, arguments)?;
    if package.name == linux_alpha::PACKAGE {
        linux_alpha::build(unpacked)?;
    }
    for member in package.files {
        let missing = || Error::NotInPackage { package: name.clone(), pattern: member.pattern };
        let found = find(unpacked, member.pattern).ok_or_else(missing)?;
        let place = kept.join(member.name);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(Error::file(parent))?;
        }
        fs::rename(&found, &place).map_err(Error::file(&place))?;
        manifest.files.push((member.name.to_owned(), manifest::digest(&place)?));
    }
    Ok(())
}

impl Initrd {
    /// Makes `initrd.gz` in a guest's folder of what was fetched into it, unless it is there.
    fn make(&self, folder: &Path, guest: &Guest) -> Result<(), Error> {
        let mut archive = initrd::Archive::default();
        for name in ["bin", "dev", "modules", "tests", "tmp"] {
            archive.folder(name);
        }
        // What init's output goes to, before it has mounted anything.
        archive.device("dev/console", 5, 1);
        archive.program("init", self.init.as_bytes());
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(Error::file(&path))
        };
        archive.program("bin/busybox", &read("busybox")?);
        for applet in self.applets {
            archive.link(&format!("bin/{applet}"), "busybox");
        }
        for (name, content) in self.scripts {
            archive.program(name, content.as_bytes());
        }
        let files = guest.packages.iter().flat_map(|package| package.files);
        for file in files.filter(|file| file.name.starts_with("modules/")) {
            archive.program(file.name, &read(file.name)?);
        }
        let (bytes, place) = (archive.finish(), folder.join("initrd.gz"));
        if fs::read(&place).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        fs::write(&place, &bytes).map_err(Error::file(&place))?;
        println!("{}: made initrd.gz, {} bytes", guest.name, bytes.len());
        Ok(())
    }
}

/// The file under `folder` that a member's pattern means: the last by name if
/// several do.
fn find(folder: &Path, pattern: &str) -> Option<PathBuf> {
    if !pattern.contains('/') {
        return find_anywhere(folder, pattern.trim_end_matches('*'));
    }
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

/// The file somewhere under `folder` whose name starts like this.
fn find_anywhere(folder: &Path, start: &str) -> Option<PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries.into_iter().find_map(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() {
            find_anywhere(&path, start)
        } else {
            Some(path).filter(|path| path.is_file() && name.starts_with(start))
        }
    })
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
        assert_eq!(one[0].packages[0].name, "u-boot-qemu");
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
        assert_eq!(find(folder.path(), "vmlinuz-6*"), Some(folder.path().join("boot/vmlinuz-6.1")));
        assert_eq!(find(folder.path(), "6.1"), None);
    }
}
